import type { Channel } from '@sock/core'
import { messageOf } from './messages.js'
import type { Running } from './servers.js'

/** One client, after it has sent its messages or given up; its channel is still open. */
export interface Client {
  readonly channel: Channel | undefined
  /** How many came back, equal to the byte. */
  readonly messages: number
  readonly bytes: number
  /** How many came back as something else: 0 or 1, since it gives up then. */
  readonly different: number
  /** Why it gave up. */
  readonly problem: string | undefined
}

/**
 * Connects, and sends message after message, each when the one before has come back. It uses only what all channels have
 * in common, so that it works for streams and datagrams. Never rejects.
 *
 * @param signal gives up, with an error as the reason: what has not come back by then is lost
 */
export async function runClient(
  running: Running,
  id: number,
  count: number,
  signal: AbortSignal,
): Promise<Client> {
  let channel: Channel | undefined
  let messages = 0
  let bytes = 0
  const outcome = (different: number, problem?: string): Client => ({
    channel,
    messages,
    bytes,
    different,
    problem: problem === undefined ? undefined : `client ${id}, message ${messages}: ${problem}`,
  })
  const giveUp = (): void => void channel?.close().catch(ignore)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    channel = await running.connect(signal)
    for (let index = 0; index < count; index += 1) {
      const message = messageOf(id, index, running.transport.largestMessage)
      const sent = channel.write(message)
      const answer = await receive(channel, message)
      if (answer === 'different') return outcome(1, 'the answer differs from what was sent')
      if (answer === 'ended') return outcome(0, signal.aborted ? reasonOf(signal) : 'the server ended first')
      await sent
      messages += 1
      bytes += message.length
    }
    return outcome(0)
  } catch (error) {
    return outcome(0, (error as Error).message)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

const reasonOf = (signal: AbortSignal): string => (signal.reason as Error).message

/** Reads as much as the message has, and compares every byte. */
async function receive(channel: Channel, message: Buffer): Promise<'same' | 'different' | 'ended'> {
  let position = 0
  while (position < message.length) {
    const chunk = await channel.read()
    if (chunk === null) return 'ended'
    if (!chunk.equals(message.subarray(position, position + chunk.length))) return 'different'
    position += chunk.length
  }
  return 'same'
}

/**
 * Waits for the end of a channel on which nothing more is to come, and closes it. Never rejects.
 *
 * @param stopped when the server is down; a datagram channel does not notice by itself
 * @returns whether something came all the same
 */
export async function finishClient(channel: Channel, stopped: Promise<unknown>): Promise<boolean> {
  const rest = channel.read().catch(ignore)
  await Promise.race([rest, stopped])
  await channel.close().catch(ignore)
  return Buffer.isBuffer(await rest)
}

/** What breaks now is counted already: as lost by the client, or as forced by the server. */
function ignore(): void {}
