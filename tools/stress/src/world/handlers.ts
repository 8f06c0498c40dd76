import { AsyncLocalStorage } from 'node:async_hooks'
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
import type { StreamCallbacks, StreamHandler } from '@sock/core'
import { isStream } from '@sock/tools/transports'
import type { ServerSpec } from './acts.js'
import type { LibraryEnd } from './library-end.js'
import type { WorldServer } from './server.js'
import type { World } from './world.js'

/** Forms of handlers. The last one uses `connection.stream`, and echoes. */
export const FORMS = ['callbacks', 'few callbacks', 'reader', 'function', 'pipeline'] as const
export type Form = (typeof FORMS)[number]
export const isEcho = ({ transport, form }: ServerSpec): boolean => isStream(transport) && form === 'pipeline'

export const CALLBACKS = ['open', 'data', 'end', 'drain', 'close'] as const
export type Callback = (typeof CALLBACKS)[number]

/** Each connection sets this in its callbacks. No connection may see the value of another. */
export const context = new AsyncLocalStorage<LibraryEnd>()

/** Performs the plan for this moment, which may return or throw. */
type At = (moment: Callback, end: LibraryEnd) => unknown

/** Returns the handler of a server. */
export function handlerOf(world: World, owner: WorldServer): StreamHandler {
  const { form } = owner.spec
  const at: At = (moment, end) => world.at(moment, end, owner)
  if (form === 'callbacks' || form === 'few callbacks' || form === 'reader')
    return callbacks(form, world, owner, at)
  if (form === 'function') return (connection) => readAll(world.enter(connection, owner), at)
  // An error of a plan would be an error of the stream.
  return (connection) => echo(world.enter(connection, owner), (end) => void world.take('data', end))
}

function callbacks(form: Form, world: World, owner: WorldServer, at: At): StreamCallbacks {
  const keepContext = (end: LibraryEnd): void => {
    const seen = context.getStore() ?? end
    world.pledges.guard(() =>
      assert.ok(seen === end, `${end.ledger.name} sees the AsyncLocalStorage of ${seen.ledger.name}`),
    )
    context.enterWith(end)
  }
  const called = (moment: Callback, end: LibraryEnd): unknown => {
    world.pledges.guard(() => assert.ok(!end.isGone, `"${moment}" of ${end.ledger.name} after destroy()`))
    keepContext(end)
    return at(moment, end)
  }
  const data: StreamCallbacks['data'] = (connection, chunk) => {
    const end = world.of(connection)
    end.wasGiven(chunk)
    return (called('data', end) ?? end.pause) as void
  }
  const ended: StreamCallbacks['end'] = (connection) => {
    const end = world.of(connection)
    end.ended()
    return called('end', end) as void
  }
  return {
    open(connection) {
      const end = world.enter(connection, owner)
      keepContext(end)
      if (form === 'reader') void end.readOn(() => void world.take('data', end))
      return at('open', end) as void
    },
    drain: (connection) => called('drain', world.of(connection)) as void,
    close(connection) {
      const end = world.of(connection)
      keepContext(end)
      return at('close', end) as void
    },
    ...(form !== 'reader' && { data }),
    ...(form === 'callbacks' && { end: ended }),
  }
}

async function readAll(end: LibraryEnd, at: At): Promise<void> {
  try {
    await at('open', end)
    for await (const chunk of end.connection) {
      end.heard(chunk)
      await at('data', end)
      await end.pause
    }
    end.ended()
    await at('end', end)
    end.ledger.closing()
  } catch (error) {
    if (!end.ledger.isOver) end.broke(error)
    if (end.given === undefined || error !== end.given) throw error
  }
}

async function echo(end: LibraryEnd, act: (end: LibraryEnd) => void): Promise<void> {
  const { stream } = end.connection
  const same = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      end.heard(chunk)
      act(end)
      await end.pause
      yield chunk
    }
    end.ended()
  }
  try {
    await pipeline(stream, same, stream)
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException
    // Node ends a pipeline in this way if the other side of its last stream is still open, or if something else closed it.
    if (name !== 'AbortError' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
