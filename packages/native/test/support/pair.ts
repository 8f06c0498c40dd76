import type { IpAddress } from '@sock/core'
import type { StreamListenerSink, StreamPort, StreamPortSink } from '@sock/core/stream'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { engine, type NativeEngine } from '../../src/index.js'

/** The reports of a port, and a function that waits for enough of them. */
export class Witness implements StreamPortSink {
  readonly told: string[] = []
  readonly chunks: Buffer[] = []
  bytes = 0
  error: NodeJS.ErrnoException | undefined
  onChunk: (chunk: Buffer) => void = () => {}
  onTold: (what: string) => void = () => {}
  readonly #waiting = new Set<() => void>()

  received(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.bytes += chunk.length
    this.onChunk(chunk)
    this.#wake()
  }
  ended(): void {
    this.#tell('ended')
  }
  drained(): void {
    this.#tell('drained')
  }
  flushed(): void {
    this.#tell('flushed')
  }
  closed(error?: Error): void {
    this.error = error
    this.#tell('closed')
  }

  /** Resolves as soon as it holds. */
  until(holds: (witness: Witness) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds(this)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  has(what: string): Promise<void> {
    return this.until(({ told }) => told.includes(what))
  }

  #tell(what: string): void {
    this.told.push(what)
    this.onTold(what)
    this.#wake()
  }
  #wake(): void {
    for (const look of this.#waiting) look()
  }
}

const SOCKETS = { highWaterMark: 65_536, noDelay: true, backlog: 511 }

/** A listener on a free port, and those it has accepted so far. */
export async function listenOnIp(used: NativeEngine = engine, sink: Partial<StreamListenerSink> = {}) {
  const accepted: StreamPort[] = []
  const waiting: ((port: StreamPort) => void)[] = []
  const errors: NodeJS.ErrnoException[] = []
  const listener = await used.listenStream({ kind: 'ip', host: '127.0.0.1', port: 0 }, SOCKETS, {
    accept(port) {
      accepted.push(port)
      waiting.shift()?.(port)
    },
    handshake: () => {},
    failed: (error) => errors.push(error),
    ...sink,
  })
  const { port } = listener.address as IpAddress
  const next = (): Promise<StreamPort> => new Promise((resolve) => waiting.push(resolve))
  return { listener, accepted, errors, port, next }
}

/** A port of the engine, and a socket of Node's at its other end. */
export async function createPair(used: NativeEngine = engine) {
  const { listener, port, next } = await listenOnIp(used)
  const coming = next()
  const peer = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  peer.on('error', () => {})
  const [ours] = await Promise.all([coming, once(peer, 'connect')])
  await listener.close()
  const witness = new Witness()
  ours.start(witness)
  return { ours, peer, witness }
}

/** Everything that comes, up to so many bytes. */
export async function readBytes(peer: Socket, count: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  while (bytes < count) {
    const part = (peer.read() as Buffer | null) ?? undefined
    if (part === undefined) await once(peer, 'readable')
    else {
      parts.push(part)
      bytes += part.length
    }
  }
  return Buffer.concat(parts)
}
