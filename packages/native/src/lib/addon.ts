/** What the addon in `c/` gives. Functions that can fail return a negative errno, or one that is not 0. */
export interface Addon {
  /** Begins: batches go to `dispatch`. Called once. */
  start(dispatch: (count: number) => void): BatchMemory
  /** Sends what was gathered. @returns how many streams did not take everything: see {@link stalls} */
  flush(): number
  /** @returns what was taken */
  send(slot: number, data: Uint8Array): number
  /** The same for as many buffers as one call takes, the first from `offset` on. */
  sendQueue(slot: number, data: readonly Uint8Array[], offset: number): number
  /** A `writable` event will come. @returns 0 or errno */
  awaitRoom(slot: number): number
  /** Begins to read, or stops. @returns 0 or errno */
  setReading(slot: number, whether: boolean): number
  /** FIN. @returns 0 or errno */
  shutdown(slot: number): number
  close(slot: number, withReset: boolean): void
  name(slot: number, ofPeer: boolean): [host: string, port: number] | Buffer | undefined
  credentials(slot: number): [pid: number, uid: number, gid: number] | undefined
  /** @returns the slot; a `connected` event will come */
  connectIp(options: SocketOptions, host: string, port: number): number
  connectPath(options: SocketOptions, path: Buffer): number
  /** @returns the slot */
  listenIp(
    options: SocketOptions,
    backlog: number,
    host: string,
    port: number,
    ipv6Only: boolean,
    reusePort: boolean,
  ): number
  listenPath(options: SocketOptions, backlog: number, path: Buffer): number
  /** Goes on after a `refused` event, or stops. @returns 0 or errno */
  setAccepting(slot: number, whether: boolean): number
  option(slot: number, name: keyof SocketOptions): number
}

/** Options by the names that `c/options.c` has for them; values as setsockopt(2) wants them. */
export interface SocketOptions {
  noDelay?: number
  keepAlive?: number
  keepAliveIdle?: number
  userTimeout?: number
  deferAccept?: number
  fastOpen?: number
  fastOpenConnect?: number
  busyPoll?: number
}

/** Memory that both sides see; `c/engine.h` says how it is divided. */
export interface BatchMemory {
  readonly shared: ArrayBuffer
  readonly out: ArrayBuffer
  /** Those of the batch that is being delivered. */
  readonly slabs: ArrayBuffer[]
}

/** The same numbers as in `c/engine.h`. */
export const EVENT_WIDTH = 4
export const MAX_EVENTS = 512
export const MAX_OPERATIONS = 512
export const KIND_BITS = 8

export const header = { operations: 0, gathering: 1, flushed: 2, stalls: 3 } as const

export const kinds = {
  /** offset, length; the number of the slab is in the bits above {@link KIND_BITS} */
  chunk: 0,
  end: 1,
  /** errno */
  failed: 2,
  writable: 3,
  /** errno, or 0 */
  connected: 4,
  /** slot of the new stream, its descriptor */
  accepted: 5,
  /** errno */
  refused: 6,
} as const
