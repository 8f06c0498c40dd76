import { types } from 'node:util'
import type { Channel, Connection, DatagramChannel } from './channel.js'
import { createDeferred, ignore } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import { checkOptions, wrongType, type Checks } from '../options/check.js'
import { abortSignal, limit } from '../options/values.js'

/** Options of {@link exchange}. */
export interface ExchangeOptions {
  /** Covers everything: aborted, the channel is destroyed and `exchange` rejects with its reason. */
  signal?: AbortSignal | undefined
  /** The longest answer in bytes; a longer one rejects with `ERR_SOCK_MESSAGE_TOO_LARGE`. Default 64 MiB. */
  maxBytes?: number | undefined
}

/** Enough for what people send in one piece, little enough to survive a peer that never stops. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024

const exchangeChecks = {
  signal: abortSignal,
  maxBytes: limit(DEFAULT_MAX_BYTES),
} satisfies Checks<ExchangeOptions>

/**
 * One request, one answer. On a stream: writes `data`, ends the sending side and collects what comes back to its end. On
 * datagrams: sends one, and waits for one. The channel is closed in every case.
 *
 * On a stream, writing and reading go on at the same time, so a peer that answers while it still reads is no problem, and
 * neither is one that answers and stops reading early: its answer counts if it came to an orderly end.
 *
 * Rejects with the signal's reason, `ERR_SOCK_MESSAGE_TOO_LARGE` (the answer is longer than `maxBytes`), `ERR_SOCK_CLOSED`
 * (the channel is, or was before a datagram came back), `ERR_SOCK_RESET`, what `send()` of a datagram rejects with, or a
 * TypeError for `data` or options of a wrong type.
 *
 * @returns the answer; empty if the peer ended without one
 */
export async function exchange(
  channel: Connection | DatagramChannel,
  data: Uint8Array | string,
  options?: ExchangeOptions,
): Promise<Buffer> {
  let signal: AbortSignal | undefined
  const aborted = createDeferred<never>()
  const abort = (): void => {
    aborted.reject(signal?.reason)
    if ('destroy' in channel) channel.destroy(signal?.reason as Error)
  }
  try {
    const checked = checkOptions('exchange options', options, exchangeChecks)
    signal = checked.signal
    if (typeof data !== 'string' && !types.isUint8Array(data)) {
      throw wrongType('data', 'a Uint8Array or a string', data)
    }
    signal?.throwIfAborted()
    if (!channel.isOpen) throw new SockError('ERR_SOCK_CLOSED', 'Cannot exchange: channel is closed')
    signal?.addEventListener('abort', abort, { once: true })
    const asking =
      'closeWrite' in channel
        ? askStream(channel, data, checked.maxBytes)
        : askDatagram(channel, data, checked.maxBytes)
    const answer = await Promise.race([asking, aborted.promise])
    // What of the request did not get through was not needed for the answer.
    await Promise.race([channel.close().catch(ignore), aborted.promise])
    return answer
  } catch (error) {
    if ('destroy' in channel) channel.destroy(error as Error)
    else await channel.close()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function askStream(
  connection: Connection,
  data: Uint8Array | string,
  maxBytes: number,
): Promise<Buffer> {
  // Failures to send show in the answer: it does not come to its end.
  void connection.write(data)
  void connection.closeWrite()
  return collect(connection, maxBytes)
}

async function askDatagram(
  channel: DatagramChannel,
  data: Uint8Array | string,
  maxBytes: number,
): Promise<Buffer> {
  await channel.write(data)
  const answer = await channel.read()
  if (answer === null) throw new SockError('ERR_SOCK_CLOSED', 'Channel was closed before the answer came')
  if (answer.length > maxBytes) throw tooLong(maxBytes)
  return answer
}

async function collect(channel: Channel, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for (let chunk = await channel.read(); chunk !== null; chunk = await channel.read()) {
    length += chunk.length
    if (length > maxBytes) throw tooLong(maxBytes)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)
}

function tooLong(maxBytes: number): SockError {
  return new SockError('ERR_SOCK_MESSAGE_TOO_LARGE', `Answer is longer than "maxBytes": ${maxBytes}`)
}
