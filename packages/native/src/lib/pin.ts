import { markAsUntransferable } from 'node:worker_threads'

const MESSAGE = 'Cannot transfer this memory: it has bytes of other connections. Copy the chunk first'

/** Instead of the methods of `ArrayBuffer`, which move the memory. */
const refusals = Object.fromEntries(
  ['transfer', 'transferToFixedLength']
    .filter((name) => name in ArrayBuffer.prototype && ignoresMark(name))
    .map((name) => [name, { value: refuse }]),
)
const needsRefusals = Object.keys(refusals).length > 0

/**
 * Marks memory that the addon writes into, as Node marks the pool of its buffers: whoever has a chunk could transfer
 * the memory of others with it. In a list of transferred objects, Node 20 ignores it, and later versions throw a
 * `DataCloneError`. Node 24 and later refuse all ways. Before, streams of bytes of the Web Streams API still take it,
 * and so does `ArrayBuffer.prototype.transfer.call()` of Node 22.
 */
export function pin(memory: ArrayBuffer): void {
  markAsUntransferable(memory)
  if (needsRefusals) Object.defineProperties(memory, refusals)
}

function ignoresMark(name: string): boolean {
  const memory = new ArrayBuffer(1)
  markAsUntransferable(memory)
  try {
    ;(memory as unknown as Record<string, () => void>)[name]?.()
    return true
  } catch {
    return false
  }
}

function refuse(): never {
  throw new DOMException(MESSAGE, 'DataCloneError')
}
