import { closeAll, connectClient, onMessages, type Client } from '../clients.js'
import { createMessage, sequenceOf, setSequence } from '../message.js'
import { measured, patienceOf, together, type Counts, type Load } from './load.js'

export interface Windows {
  readonly clients: number
  readonly size: number
  /** How many messages a client sends before it waits for the answer to the last one. */
  readonly window: number
  /** The length of an answer: this many bytes from the start of the message. */
  readonly answerBytes: number
}

/** Runs clients that send a window of messages, and continue when the last one is answered. Compares every answer. */
export async function runWindows(load: Load, windows: Windows): Promise<Counts> {
  const clients = await together(windows.clients, () => connectClient(load))
  let sent = 0
  let lost = 0
  const used = await measured(load, (deadline) =>
    together(windows.clients, async (index) => {
      const result = await sendWindows(load, clients[index] as Client, index, windows, deadline)
      sent += result.sent
      lost += result.lost
    }),
  )
  await closeAll(clients)
  // With a window of several messages, count at the server: a missing answer says nothing about the others.
  const count = sent - (windows.window === 1 ? lost : 0)
  return { ...used, count, bytes: count * windows.size, lost }
}

function sendWindows(
  load: Load,
  client: Client,
  index: number,
  { size, window, answerBytes }: Windows,
  deadline: number,
): Promise<{ readonly sent: number; readonly lost: number }> {
  const messages = Array.from({ length: window }, (_, place) =>
    createMessage(size, index, place === window - 1),
  )
  const expected = (messages.at(-1) as Buffer).subarray(0, answerBytes)
  let sent = 0
  let lost = 0
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      lost += 1
      next()
    }, patienceOf(load))
    let isOver = false
    const next = (): void => {
      isOver = performance.now() >= deadline
      if (isOver) {
        clearTimeout(timer)
        return resolve({ sent, lost })
      }
      timer.refresh()
      for (const message of messages) {
        client.write(setSequence(message, sent))
        sent += 1
      }
    }
    onMessages(client, answerBytes, (answer) => {
      if (!isOver && expected.equals(answer)) return next()
      // An answer that has counted as lost may come late.
      if (lost === 0 || sequenceOf(answer) >= sent)
        load.fail(new Error(`a client got a wrong answer, or one twice, after ${sent} messages`))
    })
    next()
  })
}
