/* What the files of the addon share: an engine, and the sources that its epoll set watches. */
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

/* Descriptors that one look at the epoll set may bring; the rest comes with the next look, first things first. */
#define MAX_READY 128
/* In place of the slot of what was gathered for a source that is closed now. */
#define NO_SLOT (-1)
/* Bytes that the operations of one batch may have. */
#define OUT_BYTES (256 * 1024)
/* Bytes that one batch may read: others, and the rest of the process, have their turn then. */
#define BATCH_BYTES (1024 * 1024)

/* The same for datagrams. */
#define POST_BYTES (64 * 1024)

/* What a slice of small reads, or of large ones, keeps from being freed. */
#define SMALL_SLAB (64 * 1024)
#define LARGE_SLAB (256 * 1024)

struct engine;
struct source;
struct sender;
struct intake;

/* Called when the epoll set reports the source. Pushes at most `most_events` events. */
typedef void (*source_ready)(struct engine *engine, struct source *source, uint32_t events);

/* What embeds a source. */
enum source_kind { SOURCE_LISTENER = 1, SOURCE_STREAM, SOURCE_DATAGRAM };

/* A descriptor that is watched. What watches one embeds it as its first member. */
struct source {
  enum source_kind kind;
  int fd;
  int32_t slot;
  /* Tells a source from an earlier one in the same slot, of which an event may be left. */
  uint32_t generation;
  /* What the epoll set reports of it now; 0 if it is not in the set. */
  uint32_t armed;
  uint16_t most_events;
  /* Does not keep the process alive. */
  bool is_unreferenced;
  source_ready ready;
  /* The next one of those that were closed in this batch. */
  struct source *next_closed;
};

/* Memory that is being filled, and is never used again once it is full: whoever has a part of it keeps it alive. */
struct slab {
  uint8_t *data;
  size_t size;
  size_t used;
  /* Its place in `engine->slabs` in this batch; -1 if it is not there. */
  int32_t number;
  napi_ref buffer;
};

struct engine {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  struct uv_loop_s *loop;
  struct uv_poll_s *poll;
  int epoll;
  /* Closed for a moment when no descriptor is left, so that a peer can be accepted and turned away. */
  int reserve;
  /* Descriptors that JavaScript keeps for others than peers; from `last_ones` on a descriptor is one of them. */
  uint32_t reserved;
  uint64_t last_ones;
  bool closing;
  /* Called at the very end. */
  void (*closed_loop)(struct engine *engine);

  napi_ref dispatch;
  napi_ref slab_list;
  napi_ref shared;
  napi_ref out_buffer;

  /* Memory of typed arrays that JavaScript sees as well. */
  int32_t *events;
  int32_t *header;
  int32_t *operations;
  /* Of the last flush, per stream that did not take everything: slot, bytes that it took, errno (0 for no room). */
  int32_t *stalls;
  uint8_t *out;

  int32_t event_count;
  size_t batch_bytes;
  bool in_batch;

  /* Whether this batch brought datagrams, of which more may be waited for a moment; how often that was in vain of late. */
  bool may_linger;
  bool has_datagrams;
  uint32_t vain_lingers;
  uint32_t skipped_lingers;

  struct source **slots;
  int32_t slot_count;
  int32_t slot_capacity;
  int32_t *free_slots;
  int32_t free_count;
  struct source *closed;
  /* Sources that keep the process alive. */
  int32_t referenced_count;
  uint32_t next_generation;

  struct epoll_event ready[MAX_READY];
  int ready_count;
  int ready_next;

  struct slab small;
  struct slab large;
  int32_t slabs_in_batch;

  /* Of datagram sockets; made when they are needed. */
  struct sender *senders;
  uint32_t next_sender;
  struct intake *intake;
  napi_ref post_memory;
  int32_t *posts;
  uint8_t *post_bytes;
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
void loop_close(struct engine *engine, void (*closed)(struct engine *engine));
bool loop_register(struct engine *engine, napi_value exports);
bool source_register(struct engine *engine, napi_value exports);
void push_event(struct engine *engine, const struct source *source, int32_t kind, int32_t a, int32_t b);

/* source.c */
bool source_open(
    struct engine *engine, struct source *source, enum source_kind kind, int fd, source_ready ready, uint16_t most_events);
struct source *source_at(const struct engine *engine, int32_t slot);
struct source *source_of(const struct engine *engine, napi_value slot);
struct source *source_of_event(struct engine *engine, const struct epoll_event *event);
int source_arm(struct engine *engine, struct source *source, uint32_t events);
void source_close(struct engine *engine, struct source *source);
void sources_reclaim(struct engine *engine);
void sources_close_all(struct engine *engine);

/* The source as what embeds it, `struct type`; NULL where there is none, or one of another kind. */
#define SOURCE_AS(type, kind, source) ((struct type *)source_if((source), (kind)))
#define SOURCE_COMES_FIRST(type) \
  _Static_assert(offsetof(struct type, source) == 0, "a source is taken for what embeds it")

static inline struct source *source_if(struct source *source, enum source_kind kind) {
  return source != NULL && source->kind == kind ? source : NULL;
}

/* slab.c */
bool fresh_memory(napi_env env, size_t size, void **data, napi_value *buffer);
uint8_t *slab_reserve(struct engine *engine, struct slab *slab, size_t size);
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

/* datagram.c, multicast.c, post.c */
bool post_register(struct engine *engine, napi_value exports);
bool datagram_may_segment(struct source *source);
void datagram_send_whole(struct source *source);
void post_drop(struct engine *engine, int32_t slot);
bool datagram_register(struct engine *engine, napi_value exports);
bool multicast_register(struct engine *engine, napi_value exports);

#endif
