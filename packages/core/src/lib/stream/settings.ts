/** The options of the machinery, all of them given. */
export interface StreamServerSettings {
  /** See `shutdownTimeout` of `StreamServerOptions`. */
  readonly shutdownTimeout: number
  /** See `maxConnections` of `StreamServerOptions`. */
  readonly maxConnections: number
  /** See `backlog` of `StreamServerOptions`; default 511. */
  readonly backlog?: number
  /** How many may be in the handshake at once, for bindings that shake hands. Default `Infinity`. */
  readonly maxHandshakes?: number
  /** See `idleTimeout` of `StreamConnectionOptions`. */
  readonly idleTimeout: number
  /** See `readTimeout` of `StreamConnectionOptions`. */
  readonly readTimeout: number
  /** See `writeTimeout` of `StreamConnectionOptions`. */
  readonly writeTimeout: number
  /** See `firstByteTimeout` of `StreamServerOptions`. */
  readonly firstByteTimeout: number
  /** See `maxLifetime` of `StreamServerOptions`. */
  readonly maxLifetime: number
  /** See `highWaterMark` of `StreamConnectionOptions`. */
  readonly highWaterMark: number
  /** See `maxWriteBuffer` of `StreamConnectionOptions`. */
  readonly maxWriteBuffer: number
  /** See `maxBufferedBytes` of `StreamServerOptions`. */
  readonly maxBufferedBytes: number
  /** See `drainIdle` of `StreamServerOptions`. */
  readonly drainIdle: number
  /** How long a handshake may take, in ms, for bindings that shake hands. Default `Infinity`. */
  readonly handshakeTimeout?: number
  /** See `configure` of `StreamConnectionOptions` (default: none); one that throws is treated like a handler that throws. */
  readonly configure?: ((socket: never) => void) | undefined
}
