/*
 * Numbers that C and TypeScript share. This is the place for them: `node numbers.mjs` writes src/lib/numbers.ts from it, in
 * the order that is here, and those of a binary are compared with that file when it is loaded.
 *
 * A line is a number: its kind, its name, its value, and a comment.
 */
#ifndef SOCK_NUMBERS_H
#define SOCK_NUMBERS_H

#define SHARED_NUMBERS(NUMBER, EVENT, HEADER)                                                                                  \
  NUMBER(INTERFACE, 3)         /* Another one where functions of the addon take or give something else. */                     \
  NUMBER(EVENT_WIDTH, 4)       /* int32 values per event, per operation (slot, offset in `out`, length) and per stall. */      \
  NUMBER(MAX_EVENTS, 512)      /* Events that one batch may hold. */                                                           \
  NUMBER(MAX_OPERATIONS, 512)  /* Operations that one batch may gather before it is flushed. */                                \
  NUMBER(KIND_BITS, 8)         /* Bits of an event's kind; above them is the number of a slab. */                              \
  NUMBER(DATAGRAM_BITS, 20)    /* Bits of a datagram's offset and length; above them is what goes with each. */                \
  NUMBER(PLACE_BITS, 10)       /* Bits of a token that are the place of a sender; above them is which of its owners. */        \
  NUMBER(POSTS_AT, 4)          /* int32 values before the first post: how many there are, and unused ones. */                  \
  NUMBER(POST_WIDTH, 4)        /* Per post: slot, offset, length, token of the receiver, which the flush replaces by errno. */ \
  NUMBER(MAX_POSTS, 256)       /* Posts that one batch may gather before they are flushed. */                                  \
  NUMBER(UNIX_FAMILY, 1)       /* Kind of a datagram socket for paths and names; those of UDP are 4 and 6. */                  \
                                                                                                                               \
  HEADER(OPERATIONS, 0) /* operations that were gathered and wait */                                                           \
  HEADER(GATHERING, 1)  /* whether operations may be gathered: a flush will come */                                            \
  HEADER(FLUSHED, 2)    /* operations of the last flush, for those that stalled in it */                                       \
  HEADER(STALLS, 3)     /* streams that did not take everything in the last flush */                                           \
                                                                                                                               \
  EVENT(CHUNK, 0)       /* offset, length; the number of the slab is above the kind */                                         \
  EVENT(END, 1)         /* the peer has no more */                                                                             \
  EVENT(FAILED, 2)      /* errno */                                                                                            \
  EVENT(WRITABLE, 3)    /* there is room again */                                                                              \
  EVENT(CONNECTED, 4)   /* errno, or 0 */                                                                                      \
  EVENT(ACCEPTED, 5)    /* slot of the new stream, its descriptor */                                                           \
  EVENT(REFUSED, 6)     /* accepting failed: errno */                                                                          \
  EVENT(DATAGRAM, 7)    /* offset and whether it was cut, length and place of the sender plus 1; slab as above */              \
  EVENT(SENDER, 8)      /* token of a new sender, number of its address in the list of slabs */                                \
  EVENT(CREDENTIALS, 9) /* number of `[pid, uid, gid]`, those of the datagrams that follow */

#define NUMBER(name, value) name = value,
#define EVENT(name, value) KIND_##name = value,
#define HEADER(name, value) HEADER_##name = value,
enum shared_numbers { SHARED_NUMBERS(NUMBER, EVENT, HEADER) };
#undef NUMBER
#undef EVENT
#undef HEADER

#endif
