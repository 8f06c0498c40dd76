import fc from 'fast-check'
import type { Connection, StreamHandler } from '../../src/index.js'
import { createDeferred, type Deferred } from '../../src/lib/async/deferred.js'
import { createFakeStreamPort, type FakeStreamPort } from '@sock/testing'
import { serveFake, systemError, type FakeScene } from './fake-server.js'

/** What happens next, and to which connection: a number, modulo the number of connections. */
export type Step = readonly [what: keyof typeof acts, who: number]

/** One connection, with everything that was seen of it. */
export interface Actor {
  readonly port: FakeStreamPort
  readonly connection: Connection
  /** Callbacks that were called, in order. */
  readonly heard: string[]
  /** What the port delivered, and what of it arrived. */
  readonly delivered: string[]
  readonly arrived: string[]
  /** What the handler, or a callback, waits for. */
  readonly tasks: Deferred<void>[]
  /** Whether `data` was called during another call of it. */
  overlaps: number
  isClosed: boolean
}

export interface Play extends FakeScene {
  readonly actors: Actor[]
  /** Everything that was promised. */
  readonly promises: Promise<unknown>[]
  /** `openConnections`, after each step. */
  readonly counts: number[]
}

const acts = {
  /** Lets promises get on, which they do not do between other steps. */
  turn: () => microtasks(),
  accept(stage: Play): void {
    if (stage.server.state === 'listening') stage.accept()
  },
  shutdown: (stage: Play) => promise(stage, stage.server.shutdown({ timeout: 60_000 })),
  stop: (stage: Play) => promise(stage, stage.server.close()),

  // What the port does: within its contract, and a little beyond.
  receive: onPort(({ port, delivered }) => {
    delivered.push(`<${delivered.length}>`)
    port.receive(`<${delivered.length - 1}>`)
  }),
  end: onPort(({ port }) => port.end()),
  fill: onPort(({ port }) => void (port.bufferedBytes += 7)),
  drain: onPort(({ port }) => port.drain()),
  drainSome: onPort(({ port }) => port.drain(port.bufferedBytes >> 1)),
  finish: onPort(({ port }) => {
    if (port.calls.includes('shutdownWrite')) port.finish()
  }),
  gone: onPort((actor) => leave(actor)),
  reset: onPort((actor) => leave(actor, systemError('ECONNRESET'))),
  broken: onPort((actor) => leave(actor, systemError('EIO'))),

  // What the user does.
  read: onUser(async (actor) => {
    const chunk = await actor.connection.read()
    if (chunk !== null) actor.arrived.push(String(chunk))
  }),
  write: onUser(({ connection }) => connection.write('word')),
  closeRead: onUser(async ({ connection }) => connection.closeRead()),
  closeWrite: onUser(({ connection }) => connection.closeWrite()),
  close: onUser(({ connection }) => connection.close()),
  destroy: onUser(async ({ connection }) => connection.destroy()),
  workDone: onUser(async ({ tasks }) => tasks.shift()?.resolve()),
  workFails: onUser(async ({ tasks }) => tasks.shift()?.reject(new Error('oops'))),
}

const names = Object.keys(acts) as (keyof typeof acts)[]
/** Where connections live long enough to get into trouble: input and waiting often, an end of everything rarely. */
const name = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.constantFrom('turn' as const, 'receive' as const, 'workDone' as const) },
)

export const steps: fc.Arbitrary<Step[]> = fc.array(fc.tuple(name, fc.nat(2)), { maxLength: 40, size: 'max' })

/** Plays it, and then ends everything gracefully. */
export async function play(form: 'function' | 'callbacks', script: readonly Step[]): Promise<Play> {
  const actors: Actor[] = []
  const door: Door = { port: createFakeStreamPort() }
  const scene = await serveFake(handlerOf(form, actors, door))
  const accept = (port = createFakeStreamPort()): FakeStreamPort => {
    door.port = port
    return scene.accept(port)
  }
  const stage: Play = { ...scene, accept, actors, promises: [], counts: [] }
  stage.accept()
  for (const [what, who] of script) {
    const pause = acts[what](stage, who)
    stage.counts.push(stage.server.openConnections)
    if (pause !== undefined) await pause
  }
  promise(stage, stage.server.close())
  for (const actor of actors) if (!actor.isClosed) leave(actor)
  for (const { tasks } of actors) {
    for (let one = tasks.shift(); one !== undefined; one = tasks.shift()) {
      one.resolve()
      await microtasks()
    }
  }
  await stage.server.closed
  await microtasks()
  stage.counts.push(stage.server.openConnections)
  return stage
}

/** The port whose connection is being made; the handler runs at once. */
interface Door {
  port: FakeStreamPort
}

function handlerOf(form: 'function' | 'callbacks', actors: Actor[], door: Door): StreamHandler {
  const enter = (connection: Connection): Actor => {
    const actor = {
      port: door.port,
      connection,
      heard: [],
      delivered: [],
      arrived: [],
      tasks: [],
      overlaps: 0,
      isClosed: false,
    }
    actors.push(actor)
    connection.data = actor
    return actor
  }
  if (form === 'function') return (connection) => work(enter(connection))
  const of = (connection: Connection): Actor => connection.data as Actor
  return {
    open: (connection) => void enter(connection).heard.push('open'),
    data(connection, chunk) {
      const actor = of(connection)
      actor.heard.push('data')
      actor.arrived.push(String(chunk))
      if (actor.tasks.length > 0) actor.overlaps += 1
      // Every other chunk takes its time.
      return actor.arrived.length % 2 === 0 ? work(actor) : undefined
    },
    end: (connection) => void of(connection).heard.push('end'),
    drain: (connection) => void of(connection).heard.push('drain'),
    close: (connection) => void of(connection).heard.push('close'),
  }
}

function work(actor: Actor): Promise<void> {
  const deferred = createDeferred()
  actor.tasks.push(deferred)
  return deferred.promise
}

function leave(actor: Actor, error?: Error): void {
  actor.isClosed = true
  actor.port.close(error)
}

function onPort(act: (actor: Actor) => void): (play: Play, who: number) => void {
  return ({ actors }, who) => {
    const actor = actors[who % actors.length]
    if (actor !== undefined && !actor.isClosed) act(actor)
  }
}

function onUser(act: (actor: Actor) => Promise<unknown>): (play: Play, who: number) => void {
  return (stage, who) => {
    const actor = stage.actors[who % stage.actors.length]
    if (actor !== undefined) promise(stage, act(actor))
  }
}

/** Keeps a promise for later; it may reject. */
function promise({ promises }: Play, made: Promise<unknown>): void {
  made.catch(() => {})
  promises.push(made)
}

async function microtasks(): Promise<void> {
  for (let count = 0; count < 12; count++) await Promise.resolve()
}
