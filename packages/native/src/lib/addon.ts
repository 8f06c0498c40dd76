import type { Family } from './senders.js'
import type { SocketOptions } from './socket-options.js'

/** The loaded binary. Node loads it once, however many copies of this package use it. */
export interface Binary {
  /** The constants it was compiled with; missing in a binary of an older version. */
  readonly numbers?: Readonly<Record<string, number>>
  /** Whether it aborts the process on an internal error, as builds for tests do. */
  readonly checked?: boolean
  /** Creates an engine. @throws Error if the system lacks file descriptors or memory for it */
  createEngine(): Addon
}

/** An engine of the addon in `c/`. Functions that can fail return a negative errno, or an errno other than 0. */
export interface Addon {
  /**
   * Starts the engine; batches are passed to `dispatch`. Called once.
   *
   * @param pin marks memory that the addon writes into: it must not be transferred
   * @param reserved number of file descriptors below the process's limit that end a batch of accepted peers
   */
  start(dispatch: (count: number) => void, pin: (memory: ArrayBuffer) => void, reserved: number): BatchMemory
  /** Sends the gathered writes. @returns how many streams did not accept everything: see {@link stalls} */
  flush(): number
  /** Sends bytes. @returns how many bytes the system accepted, or a negative errno */
  send(slot: number, data: Uint8Array): number
  /** Does the same for as many buffers as one system call takes, the first from `offset` on. */
  sendQueue(slot: number, data: readonly Uint8Array[], offset: number): number
  /** Asks for a `writable` event. @returns 0 or errno */
  awaitRoom(slot: number): number
  /** Starts or stops reading. @returns 0 or errno */
  setReading(slot: number, whether: boolean): number
  /** Sets whether the memory of a stream's chunks is read into again: then they are `reused`. @returns 0 or errno */
  setReusing(slot: number, whether: boolean): number
  /** Sends FIN. @returns 0 or errno */
  shutdown(slot: number): number
  close(slot: number, withReset: boolean): void
  /** Sets whether the socket keeps the process alive while it is open, which is the default. @returns 0 or errno */
  setReferenced(slot: number, whether: boolean): number
  name(slot: number, ofPeer: boolean): [host: string, port: number] | Buffer | undefined
  credentials(slot: number): [pid: number, uid: number, gid: number] | undefined
  /** Starts to connect; a `connected` event follows. @returns the slot, or a negative errno */
  connectIp(options: SocketOptions, host: string, port: number): number
  connectPath(options: SocketOptions, path: Buffer): number
  /** Opens a listener. @returns the slot, or a negative errno */
  listenIp(
    options: SocketOptions,
    backlog: number,
    host: string,
    port: number,
    ipv6Only: boolean,
    reusePort: boolean,
  ): number
  listenPath(options: SocketOptions, backlog: number, path: Buffer): number
  /** Accepts again after a `refused` event, or stops. @returns 0 or errno */
  setAccepting(slot: number, whether: boolean): number
  getOption(slot: number, name: keyof SocketOptions): number
  /** @returns 0 or errno */
  setOptions(slot: number, options: SocketOptions): number
  /** Returns the file descriptor, or -1. */
  descriptor(slot: number): number

  // Datagram sockets. These return a slot, 0, or an errno.

  /**
   * @param spin how many microseconds the engine may poll for more datagrams before it sleeps
   * @returns the slot, or a negative errno
   */
  openDatagram(family: Family, options: SocketOptions, spin: number): number
  bindIp(slot: number, host: string, port: number): number
  dialIp(slot: number, host: string, port: number): number
  /** Binds to a path. @param path if empty, the system chooses an abstract name */
  bindPath(slot: number, path: Buffer): number
  dialPath(slot: number, path: Buffer): number
  /**
   * Joins a group. @param group its IP address @param where the address or the name of an interface; empty for the
   * system's choice
   */
  joinGroup(slot: number, group: string, where: string): number
  multicastFrom(slot: number, where: string): number
  setReceiving(slot: number, whether: boolean): number
  /** Asks for a `writable` event. */
  awaitSendRoom(slot: number): number
  /**
   * Sends a datagram. @param token of a sender, or 0 for the peer @returns 0 or errno; `ESTALE` if the token is not
   * valid any more
   */
  sendDatagram(slot: number, data: Uint8Array, token: number): number
  sendDatagramToIp(slot: number, data: Uint8Array, host: string, port: number): number
  sendDatagramToPath(slot: number, data: Uint8Array, path: Buffer): number
  /** Allocates the memory for batched datagrams; called once. */
  startSendBatch(): [entries: ArrayBuffer, bytes: ArrayBuffer]
  /** Sends the batched datagrams. @returns how many failed */
  flushSendBatch(): number
  /** @returns the number of datagrams that the kernel dropped, or a negative errno */
  kernelDrops(slot: number): number
}

/** Memory shared by both sides: a header, events, operations, stalls and counts of reused chunks. `numbers.ts` has the offsets. */
export interface BatchMemory {
  readonly shared: ArrayBuffer
  readonly out: ArrayBuffer
  /** What the events of the current batch refer to: slabs, addresses and credentials. */
  readonly slabs: unknown[]
  /** The memory that reused chunks are read into. The number of their chunks in use is at the end of `shared`. */
  readonly reused: readonly ArrayBuffer[]
}
