import { describe, expect, it } from '@jest/globals'
import { createScreen, type Screen } from '../../src/soak/screen.js'

function written(isTTY: boolean): { text: string; screen: Screen } {
  let text = ''
  const write = (more: string): void => void (text += more)
  return {
    screen: createScreen({ isTTY, columns: 10, write }),
    get text() {
      return text
    },
  }
}

describe('createScreen()', () => {
  it('status() rewrites one line of a terminal, no longer than that is wide', () => {
    const result = written(true)
    result.screen.status('first')
    result.screen.status('second one')
    result.screen.print('stays')
    expect(result.text).toBe('\r\u001B[Kfirst\r\u001B[Ksecond on\r\u001B[Kstays\n')
  })

  it('status() is a line of its own elsewhere, and not too often', () => {
    const result = written(false)
    result.screen.status('first')
    result.screen.status('second')
    result.screen.print('stays')
    expect(result.text).toBe('first\nstays\n')
  })
})
