import { check, checkOptions, type Check } from '@sock/core/transport'

/** Options of {@link framed} and {@link frames}. */
export interface FrameOptions {
  /**
   * How long a frame may take from its first byte to its last, in ms. After that the connection is reset with
   * `ERR_SOCK_FRAME_INCOMPLETE`. `idleTimeout` does not limit this: a peer that sends one byte per second makes
   * progress. The time starts when your handler has read the frames before this one. Datagrams hold complete frames,
   * so it does not affect them. Default: no limit.
   */
  frameTimeout?: number | undefined
}

export function checkFrameOptions(name: string, options: FrameOptions | undefined): { frameTimeout: number } {
  return checkOptions(name, options, { frameTimeout: check.milliseconds(Infinity, 1) })
}

/** The default of `maxBytes` for frames that are searched for their end. */
export const MAX_LINE = 65_536
/** The default of `maxBytes` for frames with a declared length. */
export const MAX_FRAME = 1_048_576

/** Checks a limit in bytes, at least 1. */
export const bytesUpTo = (fallback: number): Check<number> =>
  check.integer(fallback, 1, Number.MAX_SAFE_INTEGER)
