import { AsyncLocalStorage } from 'node:async_hooks'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Connection, StreamHandler } from '@sock/core'
import type { LibraryEnd } from './library-end.js'
import type { Pledges } from './pledges.js'

/** Forms of handlers. The last three use `connection.stream`, and answer what they are sent. */
export const FORMS = [
  'callbacks',
  'few callbacks',
  'reader',
  'function',
  'pipeline',
  'iteration',
  'http',
] as const
export type Form = (typeof FORMS)[number]
export const isEcho = (form: Form): boolean => FORMS.indexOf(form) >= FORMS.indexOf('pipeline')

export const CALLBACKS = ['open', 'data', 'end', 'drain', 'close'] as const
export type Callback = (typeof CALLBACKS)[number]

/** What handlers tell, and are told. */
export interface Play {
  enter(connection: Connection): LibraryEnd
  of(connection: Connection): LibraryEnd
  /** Does what is planned for this moment, and returns or throws as planned. */
  at(moment: Callback, end: LibraryEnd): unknown
  /** The same where nobody would hear of a failure. */
  actAt(moment: Callback, end: LibraryEnd): void
  readonly pledges: Pledges
}

/** Set by each connection in its callbacks: none may see that of another. */
export const context = new AsyncLocalStorage<LibraryEnd>()

export function handlerOf(form: Form, play: Play): StreamHandler {
  switch (form) {
    case 'callbacks':
    case 'few callbacks':
    case 'reader':
      return callbacks(form, play)
    case 'function':
      return (connection) => readAll(connection, play)
    case 'pipeline':
      return (connection) => echoByPipeline(connection, play)
    case 'iteration':
      return (connection) => echoByIteration(connection, play)
    default:
      return (connection) => echoByHttp(connection, play)
  }
}

function callbacks(form: 'callbacks' | 'few callbacks' | 'reader', play: Play): StreamHandler {
  const few: StreamHandler = {
    open(connection) {
      const end = play.enter(connection)
      keepContext(end, play.pledges)
      if (form === 'reader') void end.readOn(() => play.actAt('data', end))
      return play.at('open', end) as void
    },
    drain: (connection) => called('drain', play.of(connection), play) as void,
    close(connection) {
      const end = play.of(connection)
      keepContext(end, play.pledges)
      return play.at('close', end) as void
    },
  }
  if (form === 'reader') return few
  const withData: StreamHandler = {
    ...few,
    data(connection, chunk) {
      const end = play.of(connection)
      end.wasGiven(chunk)
      const result = called('data', end, play)
      return (result ?? end.pause) as void
    },
  }
  if (form === 'few callbacks') return withData
  return {
    ...withData,
    end(connection) {
      const end = play.of(connection)
      end.ended()
      return called('end', end, play) as void
    },
  }
}

function called(moment: Callback, end: LibraryEnd, play: Play): unknown {
  play.pledges.guard(() => assert.ok(!end.isGone, `"${moment}" of ${end.ledger.name} after destroy()`))
  keepContext(end, play.pledges)
  return play.at(moment, end)
}

function keepContext(end: LibraryEnd, pledges: Pledges): void {
  const seen = context.getStore()
  pledges.guard(() => {
    const isOther = seen !== undefined && seen !== end
    assert.ok(!isOther, `${end.ledger.name} sees the AsyncLocalStorage of ${seen?.ledger.name}`)
  })
  context.enterWith(end)
}

async function readAll(connection: Connection, play: Play): Promise<void> {
  const end = play.enter(connection)
  try {
    await play.at('open', end)
    for await (const chunk of connection) {
      end.heard(chunk)
      await play.at('data', end)
      await end.pause
    }
    end.ended()
    await play.at('end', end)
    end.ledger.closing()
  } catch (error) {
    if (!end.ledger.isOver) end.broke(error as Error)
    if (error !== end.given) throw error
  }
}

async function echoByPipeline(connection: Connection, play: Play): Promise<void> {
  const end = play.enter(connection)
  const same = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      end.heard(chunk)
      play.actAt('data', end)
      await end.pause
      yield chunk
    }
    end.ended()
  }
  try {
    await pipeline(connection.stream, same, connection.stream)
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException
    // Node's way to end a pipeline whose last stream is still open on the other side, or was closed by somebody else.
    if (name !== 'AbortError' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

async function echoByIteration(connection: Connection, play: Play): Promise<void> {
  const end = play.enter(connection)
  const { stream } = connection
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    end.heard(chunk as Buffer)
    play.actAt('data', end)
    await end.pause
    if (!stream.write(chunk) && !stream.destroyed)
      await Promise.race([once(stream, 'drain'), once(stream, 'close')])
  }
  end.ended()
  // A stream of Node's that was closed by another hand never calls back.
  if (!stream.destroyed) await new Promise<void>((resolve) => void stream.end(resolve))
}

async function echoByHttp(connection: Connection, play: Play): Promise<void> {
  const end = play.enter(connection)
  const server = createServer((asked, answer) => {
    asked.on('data', (chunk: Buffer) => {
      end.heard(chunk)
      play.actAt('data', end)
    })
    asked.on('end', () => end.ended())
    asked.on('error', (error) => end.broke(error))
    asked.pipe(answer)
  })
  server.emit('connection', connection.stream)
  if (!connection.stream.closed) await once(connection.stream, 'close')
}
