import type { Connection, StreamCallbacks } from '../../src/index.js'
import { createFakeStreamPort, type FakeStreamPort } from '@sock/testing'
import { serveFake, systemError, type FakeScene, type FakeServer } from './fake-server.js'

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
/** The events of observers. */
export const OBSERVED = [
  'new',
  'handler',
  'read',
  'write',
  'closeRead',
  'closeWrite',
  'close',
  'error',
] as const
/** The acts of observers on the connection or its server. */
export const OBSERVER_ACTS = [
  'closes',
  'ends',
  'destroys',
  'stops reading',
  'writes',
  'shuts down',
  'stops the server',
] as const

export type CallbackName = (typeof CALLBACKS)[number]
export type PortEvent = (typeof PORT_EVENTS)[number]
export type Act = (typeof ACTS)[number] | (typeof OBSERVER_ACTS)[number]
export type Observed = (typeof OBSERVED)[number]

/** One connection over a fake port, and all that was seen of it. */
export interface Course extends FakeScene {
  readonly port: FakeStreamPort
  readonly connection: Connection
  /** Writes, and notes it in `given`. */
  readonly write: (text: string) => void
  readonly given: string[]
  readonly heard: string[]
  /** Everything that was promised, and not yet settled. */
  readonly pending: Set<string>
  readonly keep: (what: string, promise: Promise<unknown>) => void
}

/** Everything can happen: a write waits for its drain, and one of the callbacks, or an observer, does something. */
export async function begin(where: CallbackName | `observer of ${Observed}`, act: Act): Promise<Course> {
  const given: string[] = []
  const heard: string[] = []
  const pending = new Set<string>()
  const keep = (what: string, promise: Promise<unknown>): void => {
    const name = `${what} ${pending.size}`
    pending.add(name)
    const settled = (): void => void pending.delete(name)
    promise.then(settled, settled)
  }
  let connection: Connection | undefined
  const write = (text: string): void => {
    if (connection === undefined) return
    given.push(text)
    keep('write', connection.write(text))
  }
  const perform = (): void | Promise<void> => {
    if (act === 'throws') throw new Error('oops')
    if (act === 'rejects') return Promise.reject(new Error('oops'))
    if (act === 'stops the server') keep('server.close', scene.server.close())
    if (act === 'shuts down') keep('shutdown', scene.server.shutdown())
    if (act === 'writes') write('in turn')
    if (act === 'closes' && connection !== undefined) keep('close', connection.close())
    if (act === 'ends' && connection !== undefined) keep('closeWrite', connection.closeWrite())
    if (act === 'destroys') connection?.destroy()
    if (act === 'stops reading') connection?.closeRead()
    return undefined
  }
  const call = (name: CallbackName): void | Promise<void> => {
    heard.push(name)
    if (name === 'open') write('more than the mark')
    return name === where ? perform() : undefined
  }
  const callbacks: StreamCallbacks = {
    open(opened) {
      connection = opened
      return call('open')
    },
    data: () => call('data'),
    end: () => call('end'),
    drain: () => call('drain'),
    close: () => call('close'),
  }
  const scene = await serveFake(callbacks)
  observeOnce(scene.server, where, perform)
  const port = createFakeStreamPort()
  port.bufferedBytes = 20
  scene.accept(port)
  if (connection === undefined) throw new Error('The handler was not called')
  return { ...scene, port, connection, write, given, heard, pending, keep }
}

/** Only the first time: an observer that writes at each write would never end. */
function observeOnce(server: FakeServer, where: string, perform: () => unknown): void {
  let isDone = false
  const hear = (what: string): unknown => {
    if (isDone || where !== `observer of ${what}`) return undefined
    isDone = true
    return perform()
  }
  server.on('connection', ({ state }) => hear(state))
  server.on('error', () => hear('error'))
}

/** The steps of the port that its contract allows: it answers requests only, and does nothing after it has closed. */
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
