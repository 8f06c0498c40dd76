import type { Family } from './senders.js'
import type { SocketOptions } from './socket-options.js'

/** What the binary gives, of which Node loads one however many copies of this package find it. */
export interface Binary {
  /** What it was compiled with; missing in one of another version. */
  readonly numbers?: Readonly<Record<string, number>>
  /** Whether it ends the process where something is wrong with itself, as tests want it. */
  readonly checked?: boolean
  /** @throws Error if the system lacks descriptors or memory for it */
  createEngine(): Addon
}

/** An engine of the addon in `c/`. Functions that can fail return a negative errno, or one that is not 0. */
export interface Addon {
  /**
   * Begins: batches go to `dispatch`. Called once.
   *
   * @param reserved descriptors below the limit of the process: a peer that gets one of them ends the batch
   */
  start(dispatch: (count: number) => void, reserved: number): BatchMemory
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
  /** Whether it keeps the process alive while it is open: it does unless told otherwise. @returns 0 or errno */
  setReferenced(slot: number, whether: boolean): number
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
  getOption(slot: number, name: keyof SocketOptions): number
  /** @returns 0 or errno */
  setOptions(slot: number, options: SocketOptions): number
  /** The number of the descriptor, or -1. */
  descriptor(slot: number): number

  // Of datagram sockets; what these return is a slot, 0, or an errno.

  /** @returns the slot, or a negative errno */
  openDatagram(family: Family, options: SocketOptions): number
  bindIp(slot: number, host: string, port: number): number
  dialIp(slot: number, host: string, port: number): number
  /** @param path empty: the system chooses an abstract name */
  bindPath(slot: number, path: Buffer): number
  dialPath(slot: number, path: Buffer): number
  /** @param group in numbers. @param where the address or the name of an interface; empty for the system's choice */
  joinGroup(slot: number, group: string, where: string): number
  multicastFrom(slot: number, where: string): number
  setReceiving(slot: number, whether: boolean): number
  /** A `writable` event will come. */
  awaitSendRoom(slot: number): number
  /** @param token of a sender, or 0 for the peer. @returns also `ESTALE`, if the token means nobody any more */
  sendDatagram(slot: number, data: Uint8Array, token: number): number
  sendDatagramToIp(slot: number, data: Uint8Array, host: string, port: number): number
  sendDatagramToPath(slot: number, data: Uint8Array, path: Buffer): number
  /** @returns the memory of datagrams that are gathered; called once */
  startPosts(): [posts: ArrayBuffer, bytes: ArrayBuffer]
  /** Sends them. @returns how many failed */
  flushPosts(): number
  /** @returns how many, or a negative errno */
  kernelDrops(slot: number): number
}

/** Memory that both sides see: a head, events, operations and stalls, which `numbers.ts` measures. */
export interface BatchMemory {
  readonly shared: ArrayBuffer
  readonly out: ArrayBuffer
  /** What the events of the batch that is being delivered refer to: slabs, and addresses and credentials too. */
  readonly slabs: unknown[]
}
