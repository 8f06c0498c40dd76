import { describe, expect, it } from '@jest/globals'
import type { ConnectionState } from '@sock/core'
import { createWatch } from '../../src/soak/watch.js'

/** What a watch finds wrong with the life of one connection, of which the server counts 1 until its `close`. */
function wrongWith(...states: ConnectionState[]): string[] {
  const wrong: string[] = []
  const watch = createWatch((text) => wrong.push(text))
  for (const state of states) {
    const event = { id: 7, state, local: undefined, remote: undefined }
    watch.see(state === 'close' ? { ...event, reason: 'ended' } : event, state === 'close' ? 0 : 1)
  }
  return wrong
}

describe('createWatch()', () => {
  it('createWatch() has nothing against a life in order', () => {
    expect(wrongWith('new', 'handler', 'read', 'write', 'closeRead', 'closeWrite', 'close')).toEqual([])
    expect(wrongWith('new', 'handler', 'close')).toEqual([])
  })

  it.each<[string, ConnectionState[]]>([
    ['a connection that is new twice', ['new', 'handler', 'new', 'close']],
    ['an event before the handler', ['new', 'read', 'handler', 'close']],
    ['a second handler', ['new', 'handler', 'read', 'handler', 'close']],
    ['a second close', ['new', 'handler', 'close', 'close']],
    ['an event after close', ['new', 'handler', 'close', 'read']],
    ['an event before new', ['read', 'new', 'handler', 'close']],
    ['a dial at a server', ['dial']],
  ])('createWatch() finds %s', (_, states) => {
    expect(wrongWith(...states)).not.toEqual([])
  })

  it('createWatch() finds a server that counts a connection too early or too late', () => {
    const wrong: string[] = []
    const watch = createWatch((text) => wrong.push(text))
    watch.see({ id: 1, state: 'new', local: undefined, remote: undefined }, 0)
    expect(wrong).toEqual(['"new" of connection 1: server says 0 open, observed 1'])
  })
})
