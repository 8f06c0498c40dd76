import { createEngine } from './addon.mjs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, threadId, Worker, workerData } from 'node:worker_threads'
import { Datagrams } from './datagrams.mjs'
import { callBare, callGarbage } from './garbage.mjs'
import { Random } from './random.mjs'
import { Streams } from './streams.mjs'
import { Transfers } from './transfers.mjs'

/*
 * node play.mjs <seed> <steps> [transfers] [garbage] [bare]
 *
 * Plays one seed: random operations on sockets of the engine, in this thread and maybe in workers. What is wrong is an uncaught
 * exception. The last line says what was played. The names are of what to leave out.
 */

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')

/** After this many looks at an end that makes no progress, it counts as one that never comes. */
const PATIENCE = 2000
const turn = () => new Promise((resolve) => setImmediate(resolve))
const moment = () => new Promise((resolve) => setTimeout(resolve, 5))

/** How sizes are chosen: a seed prefers some of these. */
const SIZES = {
  tiny: (random) => 1 + random.below(8),
  small: (random) => 1 + random.below(100),
  odd: (random) => 1 + 2 * random.below(2500),
  window: (random) => 4096 - 4 + random.below(8),
  jumbo: (random) => 9000 - 4 + random.below(8),
  gathered: (random) => 1 + random.below(4100),
  large: (random) => 1 + random.below(65_000),
}

const [number, length, ...without] = isMainThread ? process.argv.slice(2) : workerData

/** What one seed is like. Seeds that differ much find more than those that are all the same. */
function moodOf(random) {
  const some = (names) => Object.fromEntries(names.map((name) => [name, random.one([0, 1, 1, 5, 20])]))
  const transfers = random.one([0, 0, 0.01, 0.1]) * (without.includes('transfers') ? 0 : 1)
  return {
    writes: { ...some(Object.keys(SIZES)), small: 1 },
    sends: { ...some(Object.keys(SIZES)), small: 1 },
    acts: {
      ...some(['listen', 'connect', 'open', 'write', 'send', 'toggle', 'end', 'reset', 'destroy', 'close']),
      ...some(['giveBack', 'drain', 'keepOrTake']),
      unlisten: random.one([0, 0, 1]),
      gc: random.one([0, 0, 1]),
      ...Object.fromEntries(
        ['garbage', 'bare'].map((name) => [name, without.includes(name) ? 0 : random.below(2)]),
      ),
      write: 20 + random.below(60),
      send: 20 + random.below(60),
      connect: 5,
      open: 3,
    },
    transfers,
    // What waits to be sent is lost when its memory is transferred, and rightly so.
    echo: transfers > 0 ? 0 : random.one([0, 0, 0.05, 0.3]),
    littleRoom: random.one([0, 0, 0.3, 1]),
    reacts: random.one([0.1, 0.4, 0.7]),
    sides: random.one([4, 16, 40]),
    rest: random.one([1, 4, 16]),
    workers: isMainThread ? random.one([0, 0, 0, 1, 2]) : 0,
    endsWorkers: random.chance(0.5),
    hasSink: isMainThread && random.chance(0.3),
  }
}

class World {
  #lastName = 0
  #progress = 0
  isWinding = false

  constructor(seed) {
    this.seed = seed
    this.random = new Random(seed)
    this.mood = moodOf(this.random)
    const spin = this.random.one([0, 0, 100])
    const kept = createEngine({ credentials: true, datagramSpin: spin })
    const reused = createEngine({ reuseChunks: true })
    this.streams = new Streams(this, [kept, reused])
    this.datagrams = new Datagrams(this, kept, this.streams)
    this.transfers = new Transfers(this, this.mood.hasSink)
  }

  progress() {
    this.#progress += 1
  }

  /** An abstract name, which needs no file. */
  nextName() {
    return `\0sock-fuzz-${process.pid}-${threadId}-${++this.#lastName}`
  }

  fail(what) {
    throw new Error(`seed ${this.seed}: ${what}`)
  }

  same(bytes, wanted, what) {
    if (bytes.equals(wanted)) return
    const at = wanted.findIndex((byte, index) => byte !== bytes[index])
    this.fail(`${what}: byte ${at} of ${wanted.length} is ${bytes[at]} instead of ${wanted[at]}`)
  }

  /** How much to write. */
  size(kind = 'writes') {
    return SIZES[this.random.weighted(this.mood[kind])](this.random)
  }

  transfer(chunk) {
    if (chunk.length > 0) this.transfers.take(chunk)
  }

  /** Within a callback of the engine, so that writes are gathered; or just after it. */
  react(about) {
    const { random } = this
    if (this.isWinding || !random.chance(this.mood.reacts)) return
    for (let count = 1 + random.below(4); count > 0; count--) {
      if (random.chance(0.5) && about.isOpen && about.write !== undefined) about.write(this.size())
      else this.act()
    }
    if (random.chance(0.1)) queueMicrotask(() => this.act())
    if (random.chance(0.1)) process.nextTick(() => this.act())
  }

  act() {
    if (this.isWinding) return
    const { random, streams, datagrams } = this
    const acts = {
      listen: () => streams.listen(),
      unlisten: () => streams.unlisten(),
      connect: () => streams.connect(),
      open: () => datagrams.open(),
      write: () => streams.side()?.write(this.size()),
      send: () => datagrams.sendAny(this.size('sends')),
      toggle: () => random.one([streams.side(), datagrams.socket()])?.toggle(),
      end: () => streams.side()?.end(),
      reset: () => random.chance(0.2) && streams.side()?.destroy(true),
      destroy: () => random.chance(0.2) && streams.side()?.destroy(false),
      close: () => random.chance(0.05) && datagrams.socket()?.close(),
      giveBack: () => streams.side()?.giveBack(),
      drain: () => streams.side()?.awaitDrain(),
      keepOrTake: () =>
        this.mood.transfers > 0 && random.chance(0.1) && this.transfer(streams.keptChunk() ?? ''),
      garbage: () => callGarbage(random),
      bare: () => random.chance(0.02) && callBare(random),
      gc: () => random.chance(0.05) && gc(),
    }
    // Those that open something go on alone; what fails is an unhandled rejection.
    void acts[random.weighted(this.mood.acts)]()
  }

  async play(steps) {
    const { random, streams, datagrams } = this
    await streams.listen()
    await datagrams.open()
    for (let step = 0; step < steps; step++) {
      this.act()
      if (random.below(this.mood.rest) === 0) await turn()
    }
    this.isWinding = true
    for (let looks = 0, before = -1; !(streams.isIdle && datagrams.isIdle); looks++) {
      if (before !== this.#progress) looks = 0
      before = this.#progress
      if (looks > PATIENCE) this.fail(`nothing happens any more: ${this.#left()}`)
      streams.wind()
      datagrams.wind()
      await (looks > 10 ? moment() : turn())
    }
    await streams.close()
    datagrams.close()
    await this.transfers.close()
    return { events: this.#progress, connections: streams.connections.size }
  }

  #left() {
    const sides = [...this.streams.sides].map(({ name, hasEnded, isFinished, isGone }) =>
      JSON.stringify({ name, hasEnded, isFinished, isGone }),
    )
    const sockets = [...this.datagrams.sockets.values()]
      .filter(({ pending }) => pending > 0)
      .map(({ name, pending, port }) => JSON.stringify({ name, pending, drops: port.kernelDrops() }))
    return [...sides, ...sockets].join(', ')
  }
}

const world = new World(Number(number))
const workers = Array.from({ length: world.mood.workers }, (_, index) => {
  const worker = new Worker(import.meta.filename, {
    workerData: [world.seed + (index + 1) * 1_000_003, length, ...without],
  })
  return new Promise((resolve, reject) => {
    worker.once('error', reject).once('exit', resolve)
    // Its sockets are then in the middle of something.
    if (world.mood.endsWorkers)
      worker.once('online', () => setTimeout(() => void worker.terminate(), world.random.below(200)))
  })
})
const played = await world.play(Number(length))
await Promise.all(workers)
if (isMainThread) console.log(`played ${JSON.stringify(played)}`)
