import type { Connection, ConnectionCallbacks } from '../../src/index.js'
import { createFakeStreamPort, type FakeStreamPort } from '../../src/testing.js'
import { serveFake, systemError, type FakeScene } from './fake-server.js'

export const CALLBACKS = ['open', 'data', 'end', 'drain', 'close'] as const
export const PORT_EVENTS = ['data', 'more data', 'end', 'drained', 'finished', 'closed'] as const
export const ACTS = [
  'nothing',
  'closes',
  'ends',
  'destroys',
  'throws',
  'rejects',
  'stops the server',
] as const

export type CallbackName = (typeof CALLBACKS)[number]
export type PortEvent = (typeof PORT_EVENTS)[number]
export type Act = (typeof ACTS)[number]

/** One connection over a fake port, and all that was seen of it. */
export interface Course extends FakeScene {
  readonly port: FakeStreamPort
  readonly connection: Connection
  readonly heard: string[]
  /** Everything that was promised, and not yet settled. */
  readonly pending: Set<string>
  readonly keep: (what: string, promise: Promise<unknown>) => void
}

/** Everything can happen: a write waits for its drain, and one of the callbacks does something. */
export async function begin(where: CallbackName, act: Act): Promise<Course> {
  const heard: string[] = []
  const pending = new Set<string>()
  const keep = (what: string, promise: Promise<unknown>): void => {
    const name = `${what} ${pending.size}`
    pending.add(name)
    const settled = (): void => void pending.delete(name)
    promise.then(settled, settled)
  }
  let connection!: Connection
  const call = (name: CallbackName): void | Promise<void> => {
    heard.push(name)
    if (name === 'open') keep('write', connection.write('more than the mark'))
    if (name !== where) return undefined
    if (act === 'closes') keep('close', connection.close())
    if (act === 'ends') keep('closeWrite', connection.closeWrite())
    if (act === 'destroys') connection.destroy()
    if (act === 'throws') throw new Error('oops')
    if (act === 'rejects') return Promise.reject(new Error('oops'))
    if (act === 'stops the server') keep('server.close', scene.server.close())
    return undefined
  }
  const callbacks: ConnectionCallbacks = {
    open(given) {
      connection = given
      return call('open')
    },
    data: () => call('data'),
    end: () => call('end'),
    drain: () => call('drain'),
    close: () => call('close'),
  }
  const scene = await serveFake(callbacks)
  const port = createFakeStreamPort()
  port.bufferedBytes = 20
  scene.accept(port)
  return { ...scene, port, connection, heard, pending, keep }
}

/** What the port does, as far as its contract lets it: it answers only what it was asked, and is silent once closed. */
export function happen({ port }: Course, event: PortEvent, error?: Error): void {
  if (isClosed.has(port)) return
  switch (event) {
    case 'data':
    case 'more data':
      port.receive(event)
      break
    case 'end':
      port.end()
      break
    case 'drained':
      if (port.calls.includes('requestDrain')) port.drain()
      break
    case 'finished':
      if (port.calls.includes('shutdownWrite')) port.finish()
      break
    case 'closed':
      isClosed.add(port)
      port.close(error)
      break
  }
}

const isClosed = new WeakSet<FakeStreamPort>()

export const REASONS: readonly (Error | undefined)[] = [
  undefined,
  systemError('ECONNRESET'),
  systemError('EIO'),
]

/** All orders of some things. */
export function permutations<T>(things: readonly T[]): T[][] {
  if (things.length <= 1) return [[...things]]
  return things.flatMap((first, at) => permutations(things.toSpliced(at, 1)).map((rest) => [first, ...rest]))
}
