import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { inspect } from 'node:util'
import { CallbackRegistry } from '../../src/lib/server/callback-registry.js'
import { settle } from '../support/settle.js'

type Warn = (message: string, name: string) => void
let warnings: ReturnType<typeof jest.fn<Warn>>

beforeEach(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {}) as never
})
afterEach(() => void jest.restoreAllMocks())

const create = () =>
  new CallbackRegistry<{ word: (word: string, count: number) => void; other: () => void }>(['word', 'other'])

describe('CallbackRegistry', () => {
  it('CallbackRegistry.emit() calls the callbacks at once, in the order of subscription, with all arguments', () => {
    const registry = create()
    const heard: unknown[] = []
    registry.on('word', (...args) => heard.push(['first', ...args]))
    registry.on('word', (...args) => heard.push(['second', ...args]))
    registry.on('other', () => heard.push('other'))
    registry.emit('word', 'x', 1)
    expect(heard).toEqual([
      ['first', 'x', 1],
      ['second', 'x', 1],
    ])
  })

  it('CallbackRegistry.emit() without callbacks does nothing', () => {
    create().emit('other')
    expect(warnings).not.toHaveBeenCalled()
  })

  it('CallbackRegistry.on() takes one function twice, and removes one subscription at a time', () => {
    const registry = create()
    const callback = jest.fn<() => void>()
    const off = registry.on('other', callback)
    registry.on('other', callback)
    registry.emit('other')
    expect(callback).toHaveBeenCalledTimes(2)
    off()
    off()
    registry.emit('other')
    expect(callback).toHaveBeenCalledTimes(3)
    expect(registry.has('other')).toBe(true)
  })

  it('CallbackRegistry.once() calls once, also when the callback emits again', () => {
    const registry = create()
    const heard: number[] = []
    registry.once('word', (_word, count) => {
      heard.push(count)
      registry.emit('word', 'again', 2)
    })
    registry.emit('word', 'x', 1)
    registry.emit('word', 'x', 3)
    expect(heard).toEqual([1])
    expect(registry.has('word')).toBe(false)
  })

  it('CallbackRegistry.once() is undone before the event by what it returns, or by off()', () => {
    const registry = create()
    const callback = jest.fn<() => void>()
    registry.once('other', callback)()
    registry.once('other', callback)
    registry.off('other', callback)
    registry.emit('other')
    expect(callback).not.toHaveBeenCalled()
  })

  it('CallbackRegistry.changed() is called for each beginning and end of an observation, that of once() included', () => {
    const registry = create()
    const seen: boolean[] = []
    registry.changed = () => seen.push(registry.has('other'))
    registry.once('other', () => {})
    registry.emit('other')
    registry.on('other', () => {})()
    expect(seen).toEqual([true, false, true, false])
  })

  it('CallbackRegistry.off() removes the newest subscription of a callback, and does nothing if there is none', () => {
    const registry = create()
    const heard: string[] = []
    const callback = (): void => void heard.push('twice')
    registry.on('other', callback)
    registry.on('other', () => heard.push('between'))
    registry.on('other', callback)
    registry.off('other', callback)
    registry.off('other', () => {})
    registry.emit('other')
    expect(heard).toEqual(['twice', 'between'])
  })

  it('CallbackRegistry.off() of an unknown event throws TypeError', () => {
    expect(() => create().off('nothing' as 'other', () => {})).toThrow(TypeError)
  })

  it('CallbackRegistry.on() and its undoing inside a callback take effect with the next emit()', () => {
    const registry = create()
    const heard: string[] = []
    const off = registry.on('other', () => {
      heard.push('first')
      off()
      offSecond()
      registry.on('other', () => heard.push('third'))
    })
    const offSecond = registry.on('other', () => heard.push('second'))
    registry.emit('other')
    expect(heard).toEqual(['first', 'second'])
    registry.emit('other')
    expect(heard).toEqual(['first', 'second', 'third'])
  })

  it('CallbackRegistry.has() is true while an event has a callback', () => {
    const registry = create()
    expect(registry.has('other')).toBe(false)
    const off = registry.on('other', () => {})
    expect([registry.has('other'), registry.has('word')]).toEqual([true, false])
    off()
    expect(registry.has('other')).toBe(false)
  })

  it('CallbackRegistry.emit() inside a callback calls all callbacks before the outer emit() goes on', () => {
    const registry = create()
    const heard: string[] = []
    registry.on('word', (word) => {
      heard.push(`first ${word}`)
      if (word === 'outer') registry.emit('word', 'inner', 0)
    })
    registry.on('word', (word) => heard.push(`second ${word}`))
    registry.emit('word', 'outer', 0)
    expect(heard).toEqual(['first outer', 'first inner', 'second inner', 'second outer'])
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('oops')
      },
    ],
    ['rejects', () => Promise.reject(new Error('oops'))],
    [
      'returns a thenable that throws',
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- that is the case
        then() {
          throw new Error('oops')
        },
      }),
    ],
  ])('CallbackRegistry.emit() goes on when a callback %s, and makes it a warning', async (_, callback) => {
    const registry = create()
    const after = jest.fn<() => void>()
    registry.on('other', callback)
    registry.on('other', after)
    registry.emit('other')
    await settle()
    expect(after).toHaveBeenCalledTimes(1)
    expect(warnings).toHaveBeenCalledTimes(1)
    const [message, name] = warnings.mock.calls[0] ?? []
    expect(message).toMatch(/^An event callback threw or rejected: Error: oops/)
    expect(name).toBe('SockCallbackWarning')
  })

  it.each<[string, unknown]>([
    ['a string', 'oops'],
    ['nothing', undefined],
    ['a symbol', Symbol('oops')],
    ['an object without prototype', Object.create(null)],
    [
      'what cannot be shown',
      {
        [inspect.custom]() {
          throw new Error('not even that')
        },
      },
    ],
  ])('CallbackRegistry.emit() goes on when a callback throws %s', (_, what) => {
    const registry = create()
    const after = jest.fn<() => void>()
    registry.on('other', () => {
      throw what
    })
    registry.on('other', after)
    registry.emit('other')
    expect(after).toHaveBeenCalledTimes(1)
    expect(warnings).toHaveBeenCalledTimes(1)
  })

  it('CallbackRegistry.on() refuses unknown events, inherited names among them, and what is no function', () => {
    const registry = create()
    for (const event of ['wrod', 'toString', '__proto__', undefined]) {
      expect(thrown(() => registry.on(event as 'other', () => {}))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
        message: `Unknown event "${event}": the events are word, other`,
      })
    }
    for (const callback of [undefined, null, {}, 'f']) {
      expect(thrown(() => registry.on('word', callback as never))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringMatching(/^Invalid "callback": expected a function for the event "word", got /),
      })
    }
  })

  it.each([
    ['listening', 'Await listen(), or use the event "state"'],
    ['close', 'Await "closed", or use the event "state"'],
  ])('CallbackRegistry.on() of a server says what takes the place of "%s"', (event, advice) => {
    const registry = new CallbackRegistry<{ state: () => void }>(['state'])
    expect(thrown(() => registry.on(event as 'state', () => {})).message).toBe(
      `Unknown event "${event}": the events are state. ${advice}`,
    )
    const other = create()
    expect(thrown(() => other.on(event as 'other', () => {})).message).toMatch(/the events are word, other$/)
  })
})
