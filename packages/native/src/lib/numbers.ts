// Written by `node numbers.mjs` from c/numbers.h, which is the file to change.

/** Another one where functions of the addon take or give something else. */
export const INTERFACE = 3
/** int32 values per event, per operation (slot, offset in `out`, length) and per stall. */
export const EVENT_WIDTH = 4
/** Events that one batch may hold. */
export const MAX_EVENTS = 512
/** Operations that one batch may gather before it is flushed. */
export const MAX_OPERATIONS = 512
/** Bits of an event's kind; above them is the number of a slab. */
export const KIND_BITS = 8
/** Bits of a datagram's offset and length; above them is what goes with each. */
export const DATAGRAM_BITS = 20
/** Bits of a token that are the place of a sender; above them is which of its owners. */
export const PLACE_BITS = 10
/** int32 values before the first post: how many there are, and unused ones. */
export const POSTS_AT = 4
/** Per post: slot, offset, length, token of the receiver, which the flush replaces by errno. */
export const POST_WIDTH = 4
/** Posts that one batch may gather before they are flushed. */
export const MAX_POSTS = 256
/** Kind of a datagram socket for paths and names; those of UDP are 4 and 6. */
export const UNIX_FAMILY = 1

/** What the head of the memory that both sides see holds. */
export const header = {
  /** operations that were gathered and wait */
  operations: 0,
  /** whether operations may be gathered: a flush will come */
  gathering: 1,
  /** operations of the last flush, for those that stalled in it */
  flushed: 2,
  /** streams that did not take everything in the last flush */
  stalls: 3,
} as const

/** Kinds of events, and the two values that come with each. */
export const kinds = {
  /** offset, length; the number of the slab is above the kind */
  chunk: 0,
  /** the peer has no more */
  end: 1,
  /** errno */
  failed: 2,
  /** there is room again */
  writable: 3,
  /** errno, or 0 */
  connected: 4,
  /** slot of the new stream, its descriptor */
  accepted: 5,
  /** accepting failed: errno */
  refused: 6,
  /** offset and whether it was cut, length and place of the sender plus 1; slab as above */
  datagram: 7,
  /** token of a new sender, number of its address in the list of slabs */
  sender: 8,
  /** number of `[pid, uid, gid]`, those of the datagrams that follow */
  credentials: 9,
} as const

/** All of them, by the names that a binary has for them. */
export const numbers: Readonly<Record<string, number>> = {
  INTERFACE,
  EVENT_WIDTH,
  MAX_EVENTS,
  MAX_OPERATIONS,
  KIND_BITS,
  DATAGRAM_BITS,
  PLACE_BITS,
  POSTS_AT,
  POST_WIDTH,
  MAX_POSTS,
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
}
