import { setImmediate as nextTurn } from 'node:timers/promises'
import { closeAll, connectClient, onMessages } from '../clients.js'
import { createMessage, isIntact, sequenceOf, setSequence } from '../message.js'
import { measured, patienceOf, together, type Counts, type Load } from './load.js'

const CLIENTS = 8
const SIZE = 64
/** Messages per second. */
const PACE = 8000

/** Time counts from when a message was due, so a server that stalls is asked as often as the others. */
export async function runLatency(load: Load): Promise<Counts> {
  const clients = await together(CLIENTS, () => connectClient(load))
  const total = Math.ceil((PACE * load.milliseconds) / 1000)
  const interval = 1000 / PACE
  const latencies: number[] = []
  const isAnswered = new Uint8Array(total)
  const { seconds, cpuSeconds } = await measured(load, async () => {
    const since = performance.now()
    for (const client of clients) {
      onMessages(client, SIZE, (message) => {
        const sequence = sequenceOf(message)
        if (!isIntact(message) || sequence >= total || isAnswered[sequence] === 1)
          return load.fail(new Error(`a client got a wrong answer after ${latencies.length} right ones`))
        isAnswered[sequence] = 1
        latencies.push(performance.now() - since - sequence * interval)
      })
    }
    let deadline = Infinity
    // Look in every turn of the event loop: a timer may be a millisecond late, which is more than the measured time.
    for (let sent = 0; latencies.length < total && performance.now() < deadline; await nextTurn()) {
      for (; sent < total && since + sent * interval <= performance.now(); sent++) {
        clients[sent % CLIENTS]?.write(setSequence(createMessage(SIZE, sent % CLIENTS), sent))
        if (sent + 1 === total) deadline = performance.now() + patienceOf(load)
      }
    }
  })
  await closeAll(clients)
  const count = latencies.length
  latencies.sort((a, b) => a - b)
  return { seconds, cpuSeconds, count, bytes: count * SIZE, lost: total - count, latencies }
}
