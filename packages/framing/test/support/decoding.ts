import type { Codec } from '../../src/index.js'
import { FrameInput, NOTHING } from '../../src/lib/frame-input.js'

/** The codes of the errors that a codec may throw for received bytes. */
export const CODES = ['ERR_SOCK_FRAME_INCOMPLETE', 'ERR_SOCK_FRAME_MALFORMED', 'ERR_SOCK_FRAME_TOO_LARGE']

/** What a codec makes of chunks, and the code of the error that ended it. */
export function decode<In>(
  codec: Codec<In, never>,
  chunks: readonly (Uint8Array | string)[],
): { frames: In[]; code?: string } {
  const input = new FrameInput(codec)
  const frames: In[] = []
  const take = (): void => {
    for (let frame = input.next(); frame !== NOTHING; frame = input.next()) frames.push(frame)
  }
  try {
    for (const chunk of chunks) {
      input.push(Buffer.from(chunk as string))
      take()
    }
    input.end()
    take()
    return { frames }
  } catch (error) {
    return { frames, code: (error as { code: string }).code }
  }
}

/** The bytes of messages, in one piece. */
export function encode<Out>(codec: Codec<unknown, Out>, messages: readonly Out[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => codec.encode(message)))
}

/** Bytes cut at the given places, each a share of what is left. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
}
