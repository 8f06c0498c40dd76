import type { Load } from '../scenarios/scenario.js'
import { nativeEngine } from '../native.js'
import { connectNativeStream } from './native-stream.js'
import { connectNodeStream } from './node-stream.js'

/** One connection of the generator's. */
export interface StreamClient {
  /** The bytes must stay as they are. @returns whether more may follow at once; if not, `onDrain` says when */
  write(data: Buffer): boolean
  onDrain: () => void
  /** FIN, after what was written. */
  end(): void
  /** Resolves when the connection is closed, by whoever. */
  readonly closed: Promise<void>
}

/** Takes what comes; a chunk is only valid during the call. */
export type OnChunk = (chunk: Buffer) => void

/** @param failed hears of an error from then on */
export function connectStream(
  load: Load,
  onChunk: OnChunk,
  failed: (error: Error) => void,
): Promise<StreamClient> {
  const isNative = load.generator === 'native' && load.transport !== 'tls'
  if (!isNative || nativeEngine === undefined) return connectNodeStream(load, onChunk, failed)
  return connectNativeStream(nativeEngine, load, onChunk, failed)
}
