import { types } from 'node:util'
import type { Channel, Connection, DatagramChannel } from './channel.js'
import { createDeferred, ignore } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import { checkOptions, wrongType, type Checks } from '../options/check.js'
import { abortSignal, limit } from '../options/values.js'
import { ownBytes } from './reused-memory.js'

/** Options of {@link exchange}. */
export interface ExchangeOptions {
  /** Cancels the whole exchange: the channel is destroyed, and `exchange` rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** The longest answer in bytes; a longer one rejects with `ERR_SOCK_MESSAGE_TOO_LARGE`. Default: 64 MiB. */
  maxBytes?: number | undefined
}

/** Enough for usual messages, and little enough to survive a peer that never stops sending. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024

const CLOSED_ALREADY = 'Cannot exchange: the channel is closed. Each exchange() needs a connection of its own'

const exchangeChecks = {
  signal: abortSignal,
  maxBytes: limit(DEFAULT_MAX_BYTES),
} satisfies Checks<ExchangeOptions>

/**
 * Sends one request and resolves with one answer. On a stream it writes `data`, ends the sending side, and collects
 * all input up to its end. On datagrams it sends one and waits for one. The channel is closed in every case.
 *
 * On a stream it writes and reads at the same time, so a peer may answer before it has read the whole request. It may
 * even stop reading early: its answer counts if it ended in order.
 *
 * Rejects with the signal's reason, `ERR_SOCK_MESSAGE_TOO_LARGE` (the answer is longer than `maxBytes`),
 * `ERR_SOCK_CLOSED` (the channel was closed, or closed before a datagram came back), `ERR_SOCK_RESET`, the errors of
 * `send()` for datagrams, or a TypeError for arguments of a wrong type.
 *
 * @returns the answer; empty if the peer ended without one
 */
export async function exchange(
  channel: Connection | DatagramChannel,
  data: Uint8Array | string,
  options?: ExchangeOptions,
): Promise<Buffer> {
  checkChannel(channel)
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
    if (!channel.isOpen) throw new SockError('ERR_SOCK_CLOSED', CLOSED_ALREADY)
    signal?.addEventListener('abort', abort, { once: true })
    const asking =
      'closeWrite' in channel
        ? askStream(channel, data, checked.maxBytes)
        : askDatagram(channel, data, checked.maxBytes)
    const answer = await Promise.race([asking, aborted.promise])
    // The answer is complete, so it does not matter if the end of the request cannot be delivered.
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

/** Checks what the exchange calls even if another argument is wrong. @throws TypeError */
function checkChannel(channel: unknown): void {
  const { read, close } = Object(channel) as Partial<Channel>
  if (typeof read !== 'function' || typeof close !== 'function')
    throw wrongType('channel', 'a connection or a datagram channel', channel)
}

async function askStream(
  connection: Connection,
  data: Uint8Array | string,
  maxBytes: number,
): Promise<Buffer> {
  // A failed write needs no handling here: the answer ends with an error then.
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
  if (answer === null) {
    throw new SockError('ERR_SOCK_CLOSED', 'Cannot exchange: the channel was closed before an answer arrived')
  }
  if (answer.length > maxBytes) throw tooLong(maxBytes)
  return answer
}

async function collect(channel: Channel, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for (let chunk = await channel.read(); chunk !== null; chunk = await channel.read()) {
    length += chunk.length
    if (length > maxBytes) throw tooLong(maxBytes)
    chunks.push(ownBytes(chunk))
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)
}

function tooLong(maxBytes: number): SockError {
  return new SockError(
    'ERR_SOCK_MESSAGE_TOO_LARGE',
    `Cannot exchange: the answer is longer than ${maxBytes} bytes. Raise "maxBytes" to accept it`,
  )
}
