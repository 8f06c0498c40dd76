import { isExpectedClose, type Connection, type StreamHandler, type StreamServerOptions } from '@sock/core'
import { createTcpServer } from '@sock/tcp'
import { createUnixServer } from '@sock/unix'
import type { Certificate } from './certificates.js'
import type { SocketEngine } from './engines.js'
import { encode, FrameError, FrameReader } from './frames.js'
import type { ServerRecord } from './messages.js'
import type { StreamName } from './transports.js'

/** A handler that fails because it was asked to, or because it was sent rubbish. */
export class PlannedFailure extends Error {}

const OPTIONS = {
  // Longer than any client that behaves keeps silent, short enough for those that say nothing.
  idleTimeout: 4_000,
  drainIdle: 100,
  // Floods are to hit it, the rest is not.
  maxConnections: 150,
} satisfies StreamServerOptions

/** What the handlers of one server need, and tell. */
export interface StreamDesk {
  readonly name: StreamName
  readonly isDraining: () => boolean
  /** Whether a shutdown has no more patience: what closes now is cut off, even if it was flushed and only lingered. */
  readonly isForcing: () => boolean
  readonly thrown: () => void
  readonly report: (record: ServerRecord) => void
  readonly garbled: (text: string) => void
}

/** Functions on tcp and tls, callbacks on unix: the two forms of handlers have to hold. */
export function createServerOf(desk: StreamDesk, certificate: Certificate, engine: SocketEngine) {
  if (desk.name === 'unix') return createUnixServer(callbacks(desk), { ...OPTIONS, engine })
  return desk.name === 'tcp'
    ? createTcpServer(createFunction(desk), { ...OPTIONS, engine })
    : createTcpServer(createFunction(desk), {
        ...OPTIONS,
        handshakeTimeout: 2_000,
        tls: { key: certificate.key, cert: certificate.cert },
      })
}

function createFunction(desk: StreamDesk): StreamHandler {
  return async (connection) => {
    const session = new Session(desk, connection)
    try {
      for await (const chunk of connection) {
        if (await session.take(connection, chunk)) break
      }
      session.inputOver()
      await connection.close()
      session.over(true)
    } catch (error) {
      session.over(false)
      if (!isExpectedClose(error)) throw error
    }
  }
}

function callbacks(desk: StreamDesk): StreamHandler {
  return {
    open: (connection) => {
      connection.data = new Session(desk, connection)
    },
    data: async (connection, chunk) => {
      try {
        if (await (connection.data as Session).take(connection, chunk)) void connection.close().catch(ignore)
      } catch (error) {
        if (!isExpectedClose(error)) throw error
      }
    },
    end: (connection) => {
      const session = connection.data as Session
      session.inputOver()
      void connection.close().catch(ignore)
    },
    close: (connection, error) => (connection.data as Session).over(error === undefined),
  }
}

/** How it ended is told to `close` too. */
function ignore(): void {}

/** Every so many frames a handler writes to another connection too, as in a chat. */
const NOTE_EVERY = 4
const NOTE = encode('note', 0, 0, 64)
/** Those of all servers that are open. */
const neighbours = new Set<Connection>()

/** Writes to the one that has not been written to for the longest time, unless it does not read. */
function noteToAnother(self: Connection): void {
  for (const other of neighbours) {
    if (other === self || other.writableNeedDrain) continue
    neighbours.delete(other)
    neighbours.add(other)
    // It may be closing, and then nobody is missed.
    other.write(NOTE).catch(ignore)
    return
  }
}

/** The server's end of one connection. */
class Session {
  readonly #desk: StreamDesk
  readonly #connection: Connection
  readonly #frames = new FrameReader()
  #session: number | undefined
  #expected = 0
  #delivered = 0
  #written = 0
  #isCut = false
  #isOver = false

  constructor(desk: StreamDesk, connection: Connection) {
    this.#desk = desk
    this.#connection = connection
  }

  /** @returns whether that was the last frame */
  async take(connection: Connection, chunk: Buffer): Promise<boolean> {
    for (const { op, session, sequence, wanted, payload } of this.#next(chunk)) {
      if (this.#session === undefined) neighbours.add(connection)
      this.#session ??= session
      if (op === 'ack' || session !== this.#session || sequence !== this.#expected) {
        this.#desk.garbled(
          `${this.#desk.name}: frame ${sequence} of session ${session} where ${this.#expected} was due`,
        )
      }
      this.#expected += 1
      this.#delivered += payload.length
      if (op === 'throw') this.#fail('asked to fail')
      if (sequence % NOTE_EVERY === 0) noteToAnother(connection)
      await connection.write(encode('ack', session, sequence, wanted))
      this.#written += wanted
      if (op === 'finish') return true
    }
    return false
  }

  /** No more input will be seen: if the server ends it, rather than the client, something may be on its way. */
  inputOver(): void {
    this.#isCut = this.#desk.isDraining()
  }

  over(isFlushed: boolean): void {
    neighbours.delete(this.#connection)
    if (this.#isOver || this.#session === undefined) return
    this.#isOver = true
    this.#desk.report({
      side: 'server',
      transport: this.#desk.name,
      session: this.#session,
      delivered: this.#delivered,
      written: this.#written,
      end: this.#end(isFlushed),
    })
  }

  #end(isFlushed: boolean): ServerRecord['end'] {
    if (this.#desk.isForcing()) return 'forced'
    if (isFlushed) return this.#isCut ? 'cut' : 'flushed'
    return this.#desk.isDraining() ? 'forced' : 'failed'
  }

  *#next(chunk: Buffer) {
    try {
      yield* this.#frames.push(chunk)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      // Clients send rubbish on purpose, but never after they have begun to speak.
      if (this.#session !== undefined) this.#desk.garbled(`${this.#desk.name}: ${error.message}`)
      this.#fail(error.message)
    }
  }

  #fail(message: string): never {
    this.#desk.thrown()
    throw new PlannedFailure(message)
  }
}
