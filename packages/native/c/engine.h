/* What the files of the addon share: the engine, and the sources in its epoll set. */
#ifndef SOCK_ENGINE_H
#define SOCK_ENGINE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAPI_VERSION 8
#include <node_api.h>
#include "check.h"
#include "numbers.h"

/* Events per epoll_wait(2). The rest is returned by the next call, in order. */
#define MAX_READY 128
/* Replaces the slot in gathered operations of a closed source. */
#define NO_SLOT (-1)
/* Bytes that the operations of one batch may have. */
#define OUT_BYTES ((size_t)256 * 1024)
/* Bytes that one batch may read, so that other sockets and the rest of the process get their turn. */
#define BATCH_BYTES ((size_t)1024 * 1024)

/* Bytes that the batched datagrams of one batch may have. */
#define SEND_BYTES ((size_t)64 * 1024)

/* Sizes of slabs for small and for large reads. A slice keeps its whole slab in memory. */
#define SMALL_SLAB ((size_t)64 * 1024)
#define LARGE_SLAB ((size_t)256 * 1024)

struct engine;
struct source;
struct sender;
struct intake;

/* Called for an event of the source in the epoll set. Pushes at most `most_events` events. */
typedef void (*source_ready)(struct engine *engine, struct source *source, uint32_t events);

/* The type that embeds a source. */
enum source_kind { SOURCE_LISTENER = 1, SOURCE_STREAM, SOURCE_DATAGRAM };

/* A watched file descriptor. Listeners, streams and datagram sockets embed it as their first member. */
struct source {
  enum source_kind kind;
  int fd;
  int32_t slot;
  /* Distinguishes it from an earlier source in the same slot, which may have events left. */
  uint32_t generation;
  /* The events in the epoll set; 0 if the source is not in the set. */
  uint32_t armed;
  uint16_t most_events;
  /* Whether it lets the process exit. */
  bool is_unreferenced;
  source_ready ready;
  /* The next source that was closed in this batch. */
  struct source *next_closed;
};

/*
 * Memory for reads. Once full it is released; JavaScript keeps it alive through the slices. It is not written to twice,
 * unless it counts the chunks that are in use.
 */
struct slab {
  uint8_t *data;
  size_t size;
  /* Only slab.c uses it, and only slab_take() moves it forward. */
  size_t used;
  /* Its index in `engine->slab_list` for this batch; -1 if it is not in the list. */
  int32_t number;
  napi_ref buffer;
  /* In memory shared with JavaScript, which gives chunks back; NULL if its memory is not read into again. */
  int32_t *in_use;
};

struct engine {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  struct uv_loop_s *loop;
  struct uv_poll_s *poll;
  int epoll;
  /* A spare file descriptor. It is closed to accept and close a peer when none is left. */
  int reserve;
  /* File descriptors reserved for uses other than accepted connections, and the lowest of them. */
  uint32_t reserved;
  uint64_t first_reserved;
  bool closing;
  /* Called at the very end of the shutdown. */
  void (*closed_loop)(struct engine *engine);

  napi_ref dispatch;
  napi_ref pin;
  napi_ref slab_list;
  /* The memory of each slab in `reused`, for JavaScript. */
  napi_ref reused_list;
  napi_ref shared;
  napi_ref out_buffer;

  /* Memory shared with JavaScript as typed arrays. */
  int32_t *events;
  int32_t *header;
  int32_t *operations;
  /*
   * Per stream that did not accept everything in the last flush: slot, accepted bytes, errno (0 if there was no
   * room).
   */
  int32_t *stalls;
  uint8_t *out;
  /* For each slab in `reused`. */
  int32_t *in_use;

  int32_t event_count;
  size_t batch_bytes;
  bool in_batch;

  /*
   * For waiting for more datagrams: the longest wait in ns that a socket with datagrams in this batch asks for, and
   * how the latest waits went.
   */
  int64_t spin;
  uint32_t futile_waits;
  uint32_t skipped_waits;

  struct source **slots;
  int32_t slot_count;
  int32_t slot_capacity;
  int32_t *free_slots;
  int32_t free_count;
  struct source *closed;
  /* How many sources are in the epoll set, and the sum of their slots: of one source, that is its slot. */
  int32_t armed_count;
  int64_t armed_slots;
  /* Number of sources that keep the process alive. */
  int32_t referenced_count;
  uint32_t next_generation;

  struct epoll_event ready[MAX_READY];
  int ready_count;
  int ready_next;

  struct slab small;
  struct slab large;
  int32_t slabs_in_batch;
  /* For streams whose chunks are given back: allocated when needed, and then filled in order. */
  struct slab reused[REUSED_SLABS];
  int32_t reused_count;
  uint32_t next_replaced;

  /* For datagram sockets; allocated when needed. */
  struct sender *senders;
  uint32_t next_sender;
  struct intake *intake;
  napi_ref send_memory;
  int32_t *sends;
  uint8_t *send_bytes;
};

/* addon.c */
#define ARGUMENTS(count)                                                                        \
  size_t argument_count = (count);                                                              \
  napi_value arguments[(count) > 0 ? (count) : 1];                                              \
  void *engine_data = NULL;                                                                     \
  NAPI(env, napi_get_cb_info(env, info, &argument_count, arguments, NULL, &engine_data), NULL); \
  struct engine *engine = engine_data

bool define(struct engine *engine, napi_value exports, const char *name, napi_callback callback);
napi_value number(napi_env env, int64_t value);

/* loop.c */
bool loop_open(struct engine *engine);
int loop_watch(struct engine *engine);
void loop_close(struct engine *engine, void (*closed)(struct engine *engine));
bool loop_register(struct engine *engine, napi_value exports);
bool source_register(struct engine *engine, napi_value exports);
void push_event(struct engine *engine, const struct source *source, int32_t kind, int32_t a, int32_t b);

/* Returns the values at `index` of a table in shared memory: of an event, an operation or a stall. */
static inline int32_t *row(int32_t *table, int32_t index) { return table + (ptrdiff_t)index * EVENT_WIDTH; }

/* Whether a range that JavaScript names lies in its memory of `size` bytes. */
static inline bool is_within(int32_t offset, int32_t length, size_t size) {
  return offset >= 0 && length >= 0 && (size_t)length <= size && (size_t)offset <= size - (size_t)length;
}

/* source.c */
bool source_open(
    struct engine *engine, struct source *source, enum source_kind kind, int fd, source_ready ready, uint16_t most_events);
struct source *source_at(const struct engine *engine, int32_t slot);
struct source *source_of(const struct engine *engine, napi_value slot);
struct epoll_event source_event(const struct source *source, uint32_t events);
struct source *source_alone(const struct engine *engine);
struct source *source_of_event(struct engine *engine, const struct epoll_event *event);
int source_arm(struct engine *engine, struct source *source, uint32_t events);
void source_close(struct engine *engine, struct source *source);
void sources_reclaim(struct engine *engine);
void sources_close_all(struct engine *engine);

/* The struct that embeds the source; NULL if there is none, or one of another kind. */
#define SOURCE_AS(type, kind, source) ((struct type *)source_if((source), (kind)))
#define SOURCE_COMES_FIRST(type) \
  _Static_assert(offsetof(struct type, source) == 0, "a source is taken for what embeds it")

static inline struct source *source_if(struct source *source, enum source_kind kind) {
  return source != NULL && source->kind == kind ? source : NULL;
}

/* slab.c */
bool pin_memory(struct engine *engine, napi_value buffer);
bool fresh_memory(napi_env env, size_t size, void **data, napi_value *buffer);
uint8_t *slab_reserve(struct engine *engine, struct slab *slab, size_t size);
size_t slab_room(const struct slab *slab);
int32_t slab_take(struct slab *slab, size_t length);
struct slab *slab_reused(struct engine *engine, size_t size);
int32_t slab_number(struct engine *engine, struct slab *slab);
int32_t batch_value(struct engine *engine, napi_value value);
void slabs_begin_batch(struct engine *engine);
void slabs_release(struct engine *engine);

/* address.c */
struct address {
  struct sockaddr_storage storage;
  socklen_t length;
};
bool address_from_ip(napi_env env, napi_value host, int32_t port, struct address *address);
bool address_from_path(napi_env env, napi_value path, struct address *address);
napi_value address_to_value(napi_env env, const struct address *address);
napi_value credentials_to_value(napi_env env, const struct ucred *credentials);

/* options.c */
int options_apply(napi_env env, napi_value values, int fd);
bool options_register(struct engine *engine, napi_value exports);

/* listener.c, stream.c */
bool listener_register(struct engine *engine, napi_value exports);
bool stream_register(struct engine *engine, napi_value exports);
int32_t stream_adopt(struct engine *engine, int fd);
void stream_flush(struct engine *engine);
void stream_drop(struct engine *engine, int32_t slot);

/* senders.c */
int32_t sender_place(struct engine *engine, const struct source *source, const struct address *address);
const struct address *sender_address(const struct engine *engine, uint32_t token);

/* datagram.c, multicast.c, send_batch.c */
bool send_batch_register(struct engine *engine, napi_value exports);
bool datagram_may_segment(struct source *source);
void datagram_send_whole(struct source *source);
void send_batch_drop(struct engine *engine, int32_t slot);
bool datagram_register(struct engine *engine, napi_value exports);
bool multicast_register(struct engine *engine, napi_value exports);

#endif
