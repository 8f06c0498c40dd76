/*
 * Numbers shared by C and TypeScript. Change them here: `node numbers.mjs` writes src/lib/numbers.ts from this file,
 * in the same order. When a binary is loaded, its numbers are compared with that file. Each line has a kind, a name,
 * a value, and a comment.
 */
#ifndef SOCK_NUMBERS_H
#define SOCK_NUMBERS_H

#define SHARED_NUMBERS(NUMBER, EVENT, HEADER)                                                                                        \
  NUMBER(INTERFACE, 7)         /* The version of the functions of the addon. Increment it when one changes. */                       \
  NUMBER(EVENT_WIDTH, 4)       /* int32 values per event, per operation (slot, offset in `out`, length) and per stall. */            \
  NUMBER(MAX_EVENTS, 512)      /* Events that one batch can hold. */                                                                 \
  NUMBER(MAX_OPERATIONS, 512)  /* Operations that one batch can gather before it is flushed. */                                      \
  NUMBER(KIND_BITS, 8)         /* Bits of an event's kind. The bits above them hold the number of a slab. */                         \
  NUMBER(DATAGRAM_BITS, 20)    /* Bits of a datagram's offset and length. The bits above each hold another value. */                 \
  NUMBER(PLACE_BITS, 10)       /* Bits of a token for the place of a sender. The bits above them identify the owner of the place. */ \
  NUMBER(SENDS_AT, 4)          /* int32 values before the first batched datagram: the number of datagrams, and unused values. */     \
  NUMBER(SEND_WIDTH, 4)        /* int32 values per batched datagram: slot, offset, length, token of the receiver, later errno. */    \
  NUMBER(MAX_SENDS, 256)       /* Datagrams that one batch can gather before they are flushed. */                                    \
  NUMBER(REUSED_SLABS, 6)      /* Slabs for streams whose chunks are read into again. */                                             \
  NUMBER(UNIX_FAMILY, 1)       /* The family of Unix datagram sockets. Those of UDP are 4 and 6. */                                  \
                                                                                                                                     \
  HEADER(OPERATIONS, 0) /* number of gathered operations */                                                                          \
  HEADER(GATHERING, 1)  /* whether operations may be gathered, since a flush follows */                                              \
  HEADER(FLUSHED, 2)    /* number of operations of the last flush, for those that stalled in it */                                   \
  HEADER(STALLS, 3)     /* number of streams that did not accept everything in the last flush */                                     \
                                                                                                                                     \
  EVENT(CHUNK, 0)       /* offset, length; the number of the slab is above the kind */                                               \
  EVENT(END, 1)         /* the peer has sent FIN */                                                                                  \
  EVENT(FAILED, 2)      /* errno */                                                                                                  \
  EVENT(WRITABLE, 3)    /* there is room again */                                                                                    \
  EVENT(CONNECTED, 4)   /* errno, or 0 */                                                                                            \
  EVENT(ACCEPTED, 5)    /* slot of the new stream, its file descriptor */                                                            \
  EVENT(REFUSED, 6)     /* accepting failed: errno */                                                                                \
  EVENT(DATAGRAM, 7)    /* offset and whether it was cut, length and place of the sender plus 1; slab as above */                    \
  EVENT(SENDER, 8)      /* token of a new sender, number of its address in the list of slabs */                                      \
  EVENT(CREDENTIALS, 9) /* number of `[pid, uid, gid]` of the datagrams that follow; -1 if unknown */                                \
  EVENT(REUSED, 10)     /* as CHUNK, in memory that is read into again once it is given back */

#define NUMBER(name, value) name = (value),
#define EVENT(name, value) KIND_##name = (value),
#define HEADER(name, value) HEADER_##name = (value),
enum shared_numbers { SHARED_NUMBERS(NUMBER, EVENT, HEADER) };
#undef NUMBER
#undef EVENT
#undef HEADER

#endif
