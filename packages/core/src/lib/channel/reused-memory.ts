/** Memory that engines read into again. */
const reused = new WeakSet<ArrayBufferLike>()
let isInUse = false

/** Notes that an engine reads into this memory again, once its chunks have been given back (`StreamPort.held`). */
export function markReused(memory: ArrayBufferLike): void {
  isInUse = true
  reused.add(memory)
}

/** Returns bytes that no engine overwrites: a copy, if an engine reads into their memory again. */
export function ownBytes<Bytes extends Uint8Array>(data: Bytes): Bytes | Buffer {
  return isInUse && reused.has(data.buffer) ? Buffer.from(data) : data
}
