import { closeAll, connectEndpoint, patienceOf } from '../clients/endpoint.js'
import { createMessage, isIntact, sequenceOf, setSequence } from '../message.js'
import { measured, together, type Counts, type Load } from './load.js'

const CLIENTS = 8
const SIZE = 64

/** Time counts from when a message was due, so a server that stalls is asked as often as the others. */
export async function runLatency(load: Load): Promise<Counts> {
  const endpoints = await together(CLIENTS, () => connectEndpoint(load, SIZE))
  const total = Math.max(1, Math.round((load.pace * load.milliseconds) / 1000))
  const interval = 1000 / load.pace
  const latencies: number[] = []
  const isAnswered = new Uint8Array(total)
  const seconds = await measured(load, async () => {
    const since = performance.now()
    for (const endpoint of endpoints) {
      endpoint.onMessage = (message) => {
        const sequence = sequenceOf(message)
        if (!isIntact(message) || sequence >= total || isAnswered[sequence] === 1)
          return load.fail(new Error(`a client got a wrong answer after ${latencies.length} right ones`))
        isAnswered[sequence] = 1
        latencies.push(performance.now() - since - sequence * interval)
      }
    }
    let sent = 0
    const sendWhatIsDue = (): boolean => {
      const due = Math.min(total, Math.floor((performance.now() - since) / interval) + 1)
      for (; sent < due; sent++)
        endpoints[sent % CLIENTS]?.send(setSequence(createMessage(SIZE, sent % CLIENTS), sent))
      return sent === total
    }
    await waitUntil(sendWhatIsDue, load.milliseconds + patienceOf(load))
    await waitUntil(() => latencies.length === total, patienceOf(load))
  })
  await closeAll(endpoints)
  const count = latencies.length
  return {
    count,
    bytes: count * SIZE,
    seconds,
    lost: total - count,
    latencies: latencies.toSorted((a, b) => a - b),
  }
}

/** Checks in every turn of the event loop. A timer may be a millisecond late, which is more than the measured time. */
function waitUntil(isDone: () => boolean, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds
  return new Promise((resolve) => {
    const look = (): void => {
      if (isDone() || performance.now() > deadline) resolve()
      else setImmediate(look)
    }
    look()
  })
}
