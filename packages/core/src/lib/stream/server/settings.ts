/** The options of a stream server that core implements, all set. */
export interface StreamServerSettings {
  /** See `shutdownTimeout` of `StreamServerOptions`. */
  readonly shutdownTimeout: number
  /** See `maxConnections` of `StreamServerOptions`. */
  readonly maxConnections: number
  /** See `backlog` of `StreamServerOptions`; default 511. */
  readonly backlog?: number
  /** The limit of concurrent handshakes, for transports with a handshake. Default: `Infinity`. */
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
  /** How long a handshake may take, in ms, for transports with a handshake. Default: `Infinity`. */
  readonly handshakeTimeout?: number
  /**
   * See `configure` of `StreamConnectionOptions`. If it throws, that counts as a handler that throws. Default: none.
   */
  readonly configure?: ((socket: never) => void) | undefined
}
