/// <reference types="node" preserve="true" />
/**
 * Messages (frames) instead of bytes, over any `@sock` transport.
 *
 * @module @sock/framing
 */
export type { Codec, Decoder, Emit } from './lib/codec.js'
export { delimited, lines, type DelimitedOptions, type Encoding, type FrameOf } from './lib/delimited.js'
export { frames, type FramedChannel, type FrameOptions } from './lib/framed-channel.js'
export { framed, type ChannelCallbacks, type FrameCallbacks, type FrameFunction } from './lib/framed.js'
export { json, type JsonOptions } from './lib/json.js'
export { fixed, lengthPrefixed, type LengthPrefixedOptions, type PrefixBytes } from './lib/length-prefixed.js'
export { netstrings, octetCounted, type FrameLimit } from './lib/decimal-prefixed.js'
export { reader, type Reader, type ReaderOptions } from './lib/reader.js'
