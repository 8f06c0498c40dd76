import { describe, expect, it } from '@jest/globals'
import { createScreen, type Output } from '../src/screen.js'

/** An output that remembers what was written. */
function createOutput(isTTY: boolean, columns?: number): Output & { text: string } {
  return {
    isTTY,
    columns,
    text: '',
    write(text: string) {
      this.text += text
    },
  }
}

describe('createScreen()', () => {
  it('createScreen() replaces the status line on a terminal, and keeps it below what is printed', () => {
    const output = createOutput(true)
    const screen = createScreen(output, {})
    screen.status('one')
    screen.status('two')
    screen.print('log')
    screen.clearStatus()
    screen.print('end')
    expect(output.text).toBe('\r\u001B[Kone\r\u001B[Ktwo\r\u001B[Klog\ntwo\r\u001B[Kend\n')
  })

  it('createScreen() cuts a status line that would wrap', () => {
    const output = createOutput(true, 6)
    createScreen(output, {}).status('123456789')
    expect(output.text).toBe('\r\u001B[K12345')
  })

  it.each([
    ['a pipe', createOutput(false), {}],
    ['a terminal that can do nothing', createOutput(true), { TERM: 'dumb' }],
  ])('createScreen() prints plain lines to %s, and a status only when it is new', (_, output, env) => {
    const screen = createScreen(output, env)
    screen.status('one')
    screen.status('one')
    screen.print('log')
    screen.status('one')
    screen.status('two')
    screen.clearStatus()
    screen.print(screen.paint('red', 'end'))
    expect(output.text).toBe('one\nlog\ntwo\nend\n')
  })

  it('createScreen() paints on a terminal', () => {
    expect(createScreen(createOutput(true), {}).paint('red', 'text')).toBe('\u001B[31mtext\u001B[39m')
  })

  it('createScreen() respects NO_COLOR', () => {
    expect(createScreen(createOutput(true), { NO_COLOR: '1' }).paint('red', 'text')).toBe('text')
  })
})
