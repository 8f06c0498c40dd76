import { describe, expect, it } from '@jest/globals'
import { startChild } from '../src/children.js'

interface Functions {
  doubled(value: number): number
  fail(): void
  leave(code: number): void
}

const PROGRAM = new URL('support/child.mjs', import.meta.url)

describe('startChild', () => {
  it('startChild calls functions of the child', async () => {
    const child = startChild<Functions>(PROGRAM)
    expect(await child.call.doubled(21)).toBe(42)
    await expect(child.call.fail()).rejects.toThrow('too much')
    expect(await child.stop()).toBeUndefined()
  })

  it('startChild rejects calls of a child that ends instead of answering', async () => {
    const child = startChild<Functions>(PROGRAM)
    await expect(child.call.leave(3)).rejects.toThrow('child.mjs ended with code 3')
    expect(await child.ended).toBe('child.mjs ended with code 3')
  })
})
