import type { Channel, Connection } from '@sock/core'
import { ok } from 'node:assert/strict'

/** Echoes everything. */
export async function echo(channel: Channel): Promise<void> {
  for await (const chunk of channel) await channel.write(chunk)
}

/** Never reads or writes, and settles only when the connection is told to stop. */
export function untilStopped(connection: Connection): Promise<void> {
  const { signal } = connection
  return new Promise((stopped) => {
    if (signal.aborted) stopped()
    signal.addEventListener('abort', () => stopped(), { once: true })
  })
}

/** Reads exactly `length` bytes. */
export async function readExactly(channel: Channel, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let missing = length
  while (missing > 0) {
    const chunk = await channel.read()
    ok(chunk !== null, `the input ended ${missing} bytes too early`)
    // A copy: an engine may read into the memory of chunks again.
    chunks.push(Buffer.from(chunk))
    missing -= chunk.length
  }
  ok(missing === 0, `${-missing} bytes too many`)
  return Buffer.concat(chunks)
}

/** Reads to the end. */
export async function readAll(channel: Channel): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of channel) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** Returns bytes in which every misplaced piece shows: a repeated counter of 4 bytes. */
export function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at++) {
    const word = (seed + (at >>> 2)) >>> 0
    bytes[at] = (word >>> (8 * (at & 3))) & 0xff
  }
  return bytes
}

/** Returns a promise with the function that resolves it. */
export function gate<T = void>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => (open = resolve))
  return { opened, open }
}

/** Returns a handler that answers the first data, waits for `go`, and answers once more. */
export const busy =
  (go: Promise<void>) =>
  async (connection: Connection): Promise<void> => {
    await connection.read()
    await connection.write('x')
    await go
    await connection.write('done')
  }
