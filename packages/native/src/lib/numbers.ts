// Written by `node numbers.mjs` from c/numbers.h, which is the file to change.

/** The version of the functions of the addon. Increment it when one changes. */
export const INTERFACE = 7
/** int32 values per event, per operation (slot, offset in `out`, length) and per stall. */
export const EVENT_WIDTH = 4
/** Events that one batch can hold. */
export const MAX_EVENTS = 512
/** Operations that one batch can gather before it is flushed. */
export const MAX_OPERATIONS = 512
/** Bits of an event's kind. The bits above them hold the number of a slab. */
export const KIND_BITS = 8
/** Bits of a datagram's offset and length. The bits above each hold another value. */
export const DATAGRAM_BITS = 20
/** Bits of a token for the place of a sender. The bits above them identify the owner of the place. */
export const PLACE_BITS = 10
/** int32 values before the first batched datagram: the number of datagrams, and unused values. */
export const SENDS_AT = 4
/** int32 values per batched datagram: slot, offset, length, token of the receiver, later errno. */
export const SEND_WIDTH = 4
/** Datagrams that one batch can gather before they are flushed. */
export const MAX_SENDS = 256
/** Slabs for streams whose chunks are read into again. */
export const REUSED_SLABS = 6
/** The family of Unix datagram sockets. Those of UDP are 4 and 6. */
export const UNIX_FAMILY = 1

/** Indices in the header of the shared memory. */
export const header = {
  /** number of gathered operations */
  operations: 0,
  /** whether operations may be gathered, since a flush follows */
  gathering: 1,
  /** number of operations of the last flush, for those that stalled in it */
  flushed: 2,
  /** number of streams that did not accept everything in the last flush */
  stalls: 3,
} as const

/** Kinds of events. Each comment names the two values of the event. */
export const kinds = {
  /** offset, length; the number of the slab is above the kind */
  chunk: 0,
  /** the peer has sent FIN */
  end: 1,
  /** errno */
  failed: 2,
  /** there is room again */
  writable: 3,
  /** errno, or 0 */
  connected: 4,
  /** slot of the new stream, its file descriptor */
  accepted: 5,
  /** accepting failed: errno */
  refused: 6,
  /** offset and whether it was cut, length and place of the sender plus 1; slab as above */
  datagram: 7,
  /** token of a new sender, number of its address in the list of slabs */
  sender: 8,
  /** number of `[pid, uid, gid]` of the datagrams that follow; -1 if unknown */
  credentials: 9,
  /** as CHUNK, in memory that is read into again once it is given back */
  reused: 10,
} as const

/** All numbers, by their names in the binary. */
export const numbers: Readonly<Record<string, number>> = {
  INTERFACE,
  EVENT_WIDTH,
  MAX_EVENTS,
  MAX_OPERATIONS,
  KIND_BITS,
  DATAGRAM_BITS,
  PLACE_BITS,
  SENDS_AT,
  SEND_WIDTH,
  MAX_SENDS,
  REUSED_SLABS,
  UNIX_FAMILY,
  HEADER_OPERATIONS: header.operations,
  HEADER_GATHERING: header.gathering,
  HEADER_FLUSHED: header.flushed,
  HEADER_STALLS: header.stalls,
  KIND_CHUNK: kinds.chunk,
  KIND_END: kinds.end,
  KIND_FAILED: kinds.failed,
  KIND_WRITABLE: kinds.writable,
  KIND_CONNECTED: kinds.connected,
  KIND_ACCEPTED: kinds.accepted,
  KIND_REFUSED: kinds.refused,
  KIND_DATAGRAM: kinds.datagram,
  KIND_SENDER: kinds.sender,
  KIND_CREDENTIALS: kinds.credentials,
  KIND_REUSED: kinds.reused,
}
