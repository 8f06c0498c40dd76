import { MessageChannel, Worker } from 'node:worker_threads'

/** Keeps what it gets for a while, and says when it is not what was sent. */
const SINK = `
  const { parentPort } = require('node:worker_threads')
  const kept = []
  parentPort.on('message', ({ chunk, copy }) => {
    kept.push({ chunk, copy })
    if (kept.length < 8) return
    const { chunk: one, copy: other } = kept.shift()
    if (Buffer.compare(one, other) !== 0) throw new Error('a chunk has changed after its memory was transferred')
  })`

/** Takes the memory of chunks away, as any program may with what it gets. */
export class Transfers {
  #channel = new MessageChannel()
  #worker

  constructor(world, hasWorker) {
    this.world = world
    this.#channel.port2.on('message', () => {})
    if (hasWorker)
      this.#worker = new Worker(SINK, { eval: true }).on('error', (error) => world.fail(error.message))
  }

  /** Transfers the memory of a chunk, in one of the ways that there are. */
  take(chunk) {
    const { random } = this.world
    const memory = chunk.buffer
    const ways = [
      () => structuredClone(chunk, { transfer: [memory] }),
      () => this.#channel.port1.postMessage(chunk, [memory]),
    ]
    if (this.#worker !== undefined)
      ways.push(() => this.#worker.postMessage({ chunk, copy: Buffer.from(chunk) }, [memory]))
    if (memory.transfer !== undefined)
      // Shorter memory is given back to the system at once.
      ways.push(
        () => memory.transfer(),
        () => memory.transfer(random.below(2) * 100),
        () => memory.transferToFixedLength(),
      )
    try {
      random.one(ways)()
    } catch (error) {
      const isRefused =
        error.name === 'DataCloneError' || (error instanceof TypeError && memory.byteLength > 0)
      if (!isRefused && !memory.detached) throw error
    }
  }

  async close() {
    this.#channel.port1.close()
    await this.#worker?.terminate()
  }
}
