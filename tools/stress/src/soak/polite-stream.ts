import { isExpectedClose, type Connection } from '@sock/core'
import { encode, FrameReader, type Frame } from './frames.js'
import type { Load, StreamAct } from './load.js'
import type { ClientRecord } from './messages.js'
import { connectStreamTo, isOwnEcho, type StreamName } from './transports.js'
import { pause } from './pause.js'

const SIZES = [0, 1, 64, 64, 200, 1_000, 4_096, 16_384, 65_536, 200_000] as const
const MAX_FRAMES = 25
/** Between two frames, in ms. */
const MAX_THOUGHT = 40

/** A client that does everything right: whatever is lost between it and the server is the library's fault. */
export const politeStream: StreamAct = async (load, name, place) => {
  let connection: Connection
  load.connecting(name)
  try {
    connection = await connectStreamTo(name, place, load)
  } catch {
    // The server is being started again, or is full.
    load.count(`${name} refused`)
    return
  }
  if (isOwnEcho(connection)) {
    connection.destroy()
    load.count(`${name} reached itself`)
    return
  }
  load.count(`${name} sessions`)
  const session = new Session(load, name, connection)
  const reading = session.read()
  await session.write()
  await reading
  // Its own half is closed, and the server's too: unless it broke, there is nothing left to wait for.
  await connection.close().catch(ignore)
  session.report()
}

/** Told by the record already. */
function ignore(): void {}

class Session {
  readonly #load: Load
  readonly #name: StreamName
  readonly #connection: Connection
  readonly #session: number
  readonly #lengths: number[] = []
  #sent = 0
  #acknowledged = 0
  #answers = 0
  #received = 0
  #asked = 0
  #input: 'open' | 'ended' | 'broken' = 'open'
  #isCut = false
  #answered: (() => void) | undefined

  constructor(load: Load, name: StreamName, connection: Connection) {
    this.#load = load
    this.#name = name
    this.#connection = connection
    this.#session = load.nextSession()
  }

  /** Asks, in lockstep or as fast as it goes, and half-closes or has the server end. */
  async write(): Promise<void> {
    const { random } = this.#load
    const count = random.integer(1, MAX_FRAMES)
    const isLockstep = random.chance(0.5)
    const serverEnds = random.chance(0.4)
    this.#asked = count
    try {
      for (let index = 0; index < count && this.#input === 'open'; index += 1) {
        const length = random.pick(SIZES)
        const op = serverEnds && index === count - 1 ? 'finish' : 'data'
        this.#lengths.push(length)
        await this.#connection.write(encode(op, this.#session, index, length, random.pick(SIZES)))
        this.#sent += length
        if (isLockstep) await this.#answersTo(index + 1)
        if (random.chance(0.3)) await pause(random.integer(0, MAX_THOUGHT))
      }
      if (!serverEnds && this.#input === 'open') await this.#connection.closeWrite()
    } catch (error) {
      if (!isExpectedClose(error)) throw error
      // The reader sees why, too.
    }
  }

  /** Takes answers, to the end of input. */
  async read(): Promise<void> {
    const frames = new FrameReader()
    try {
      for (let chunk; (chunk = await this.#connection.read()) !== null;) {
        for (const frame of frames.push(chunk)) this.#take(frame)
      }
      this.#isCut = frames.isInside
      this.#input = 'ended'
    } catch (error) {
      this.#input = 'broken'
      if (!isExpectedClose(error)) this.#load.garbled(`${this.#name}: ${(error as Error).message}`)
      this.#connection.destroy()
    }
    this.#answered?.()
  }

  report(): void {
    this.#load.report({
      transport: this.#name,
      session: this.#session,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      received: this.#received,
      polite: true,
      end: this.#end,
    })
  }

  get #end(): ClientRecord['end'] {
    if (this.#input !== 'ended') return 'broken'
    if (this.#isCut) return 'cut'
    return this.#answers === this.#asked ? 'clean' : 'early'
  }

  #take({ op, session, sequence, payload }: Frame): void {
    if (op === 'note') return
    if (op !== 'ack' || session !== this.#session || sequence !== this.#answers) {
      this.#load.garbled(
        `${this.#name}: answer ${sequence} of session ${session} where ${this.#answers} was due`,
      )
    }
    this.#answers += 1
    this.#acknowledged += this.#lengths[sequence] ?? 0
    this.#received += payload.length
    this.#answered?.()
  }

  async #answersTo(count: number): Promise<void> {
    while (this.#answers < count && this.#input === 'open') {
      await new Promise<void>((resolve) => (this.#answered = resolve))
    }
  }
}
