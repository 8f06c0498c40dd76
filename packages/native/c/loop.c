/*
 * One epoll set holds all file descriptors, and one uv_poll of the running event loop watches it. When that wakes,
 * everything ready is read, and one call passes the whole batch to JavaScript. What JavaScript writes during that
 * call, and in the promises and ticks that follow from it, is gathered and flushed afterwards.
 */
#include "engine.h"
#include "libuv.h"
#include <fcntl.h>
#include <time.h>

/* In ns: the limit for a batch together with those that follow it before the engine sleeps. */
#define MAX_WAITING 1000000
/* After this many futile waits, wait only once in so many batches. */
#define MAX_FUTILE_WAITS 8
#define WAIT_AGAIN 64

void push_event(struct engine *engine, const struct source *source, int32_t kind, int32_t a, int32_t b) {
  ENSURE(engine->event_count >= 0 && engine->event_count < MAX_EVENTS);
  INVARIANT(source_at(engine, source->slot) == source);
  int32_t *event = row(engine->events, engine->event_count++);
  event[0] = source->slot;
  event[1] = kind;
  event[2] = a;
  event[3] = b;
}

static void begin_batch(struct engine *engine) {
  engine->batch_bytes = 0;
  engine->spin = 0;
  slabs_begin_batch(engine);
}

/* Finds the ready sources. The event loop has reported at least one. @returns how many */
static int look(struct engine *engine) {
  struct source *source = source_alone(engine);
  /* If the only source is a datagram socket that just receives, it must be the one: recvmmsg(2) will tell. */
  if (source != NULL && source->kind == SOURCE_DATAGRAM && source->armed == EPOLLIN) {
    engine->ready[0] = source_event(source, EPOLLIN);
    return 1;
  }
  /* Timeout 0: never block here. */
  int count = epoll_wait(engine->epoll, engine->ready, MAX_READY, 0);
  return count < 0 ? 0 : count;
}

/* Reads what is ready, as far as the batch has room. The rest comes first in the next batch. */
static void collect(struct engine *engine) {
  if (engine->ready_next == engine->ready_count) {
    engine->ready_next = 0;
    engine->ready_count = look(engine);
  }
  while (engine->ready_next < engine->ready_count && engine->batch_bytes < BATCH_BYTES) {
    const struct epoll_event *event = &engine->ready[engine->ready_next];
    struct source *source = source_of_event(engine, event);
    if (source != NULL) {
      if (engine->event_count + source->most_events > MAX_EVENTS) return;
      int32_t before = engine->event_count;
      source->ready(engine, source, event->events);
      /* A datagram socket checks the room for events itself. */
      INVARIANT(engine->event_count - before <= source->most_events || source->kind == SOURCE_DATAGRAM);
      (void)before;
    }
    engine->ready_next++;
  }
}

/* Turns a pending exception into an uncaught one, since there is no caller to throw it to. */
static void report(struct engine *engine) {
  napi_env env = engine->env;
  napi_value exception;
  bool is_pending = false;
  NAPI(env, napi_is_exception_pending(env, &is_pending), );
  if (!is_pending || engine->closing) return;
  NAPI(env, napi_get_and_clear_last_exception(env, &exception), );
  NAPI(env, napi_fatal_exception(env, exception), );
}

/* Calls JavaScript. Its promises and ticks have run when this returns. */
static void call(struct engine *engine) {
  napi_env env = engine->env;
  napi_value global, dispatch, count;
  int32_t events = engine->event_count;
  engine->event_count = 0;
  NAPI(env, napi_get_global(env, &global), );
  NAPI(env, napi_get_reference_value(env, engine->dispatch, &dispatch), );
  NAPI(env, napi_create_int32(env, events, &count), );
  NAPI(env, napi_make_callback(env, NULL, global, dispatch, 1, &count, NULL), );
}

/* Repeats for writes that stalled: JavaScript takes their bytes back. */
static void deliver(struct engine *engine) {
  report(engine);
  while ((engine->event_count > 0 || engine->header[HEADER_STALLS] > 0) && !engine->closing) {
    engine->header[HEADER_GATHERING] = 1;
    call(engine);
    report(engine);
    if (engine->closing) return;
    engine->header[HEADER_GATHERING] = 0;
    stream_flush(engine);
  }
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/*
 * Waits for more datagrams, for sockets that ask for it. After a few datagrams their sender often waits for us: for
 * room in a Unix socket's queue of ten places, or for an answer. Sleeping each time would cost both sides more than
 * the datagrams. Wait no longer than the batch took, so that waiting costs no more than the work. Skip the wait if
 * recent waits found nothing.
 */
static bool wait_for_more(struct engine *engine, int64_t began, int64_t now) {
  int64_t spin = engine->spin;
  if (spin == 0 || engine->closing) return false;
  if (engine->futile_waits >= MAX_FUTILE_WAITS && ++engine->skipped_waits % WAIT_AGAIN != 0) return false;
  int64_t end = now + (now - began < spin ? now - began : spin);
  begin_batch(engine);
  do {
    collect(engine);
  } while (engine->event_count == 0 && nanoseconds() < end);
  bool is_futile = engine->event_count == 0;
  engine->futile_waits = is_futile ? engine->futile_waits + 1 : 0;
  return !is_futile;
}

static void on_wake(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  struct engine *engine = uv_handle_get_data((uv_handle_t *)poll);
  napi_handle_scope scope;
  if (engine->closing) return;
  NAPI(engine->env, napi_open_handle_scope(engine->env, &scope), );
  engine->in_batch = true;
  begin_batch(engine);
  int64_t first = nanoseconds();
  collect(engine);
  for (int64_t began = first, now;; began = nanoseconds()) {
    deliver(engine);
    now = nanoseconds();
    if (now - first > MAX_WAITING || !wait_for_more(engine, began, now)) break;
  }
  engine->in_batch = false;
  sources_reclaim(engine);
  NAPI(engine->env, napi_close_handle_scope(engine->env, scope), );
}

/* Makes what the engine needs, and the handle, which libuv knows then. False, with an errno, on failure. */
bool loop_open(struct engine *engine) {
  errno = ENOSYS;
  NAPI(engine->env, napi_get_uv_event_loop(engine->env, &engine->loop), false);
  engine->epoll = epoll_create1(EPOLL_CLOEXEC);
  engine->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
  engine->poll = calloc(1, uv_handle_size(UV_POLL));
  int status = -ENOMEM;
  if (engine->epoll >= 0 && engine->poll != NULL)
    status = uv_poll_init(engine->loop, engine->poll, engine->epoll);
  if (status == 0) {
    uv_handle_set_data((uv_handle_t *)engine->poll, engine);
    uv_unref((uv_handle_t *)engine->poll);
    return true;
  }
  if (engine->epoll >= 0) close(engine->epoll);
  if (engine->reserve >= 0) close(engine->reserve);
  free(engine->poll);
  errno = -status;
  return false;
}

/* Starts to wait for events. @returns 0, or errno; then loop_close() must follow */
int loop_watch(struct engine *engine) { return -uv_poll_start(engine->poll, UV_READABLE, on_wake); }

static void forget(struct engine *engine, napi_ref reference) {
  if (reference != NULL) NAPI(engine->env, napi_delete_reference(engine->env, reference), );
}

static void on_poll_closed(uv_handle_t *poll) {
  struct engine *engine = uv_handle_get_data(poll);
  engine->closed_loop(engine);
}

/* Closes the engine's handle. Calls `closed` when libuv has closed it. */
void loop_close(struct engine *engine, void (*closed)(struct engine *engine)) {
  slabs_release(engine);
  forget(engine, engine->dispatch);
  forget(engine, engine->pin);
  forget(engine, engine->slab_list);
  forget(engine, engine->reused_list);
  forget(engine, engine->shared);
  forget(engine, engine->out_buffer);
  forget(engine, engine->send_memory);
  engine->closed_loop = closed;
  uv_close((uv_handle_t *)engine->poll, on_poll_closed);
  close(engine->epoll);
  if (engine->reserve >= 0) close(engine->reserve);
}

/*
 * Allocates memory that JavaScript sees as a property of `object`. NULL, with an exception pending, if there is none.
 */
static void *shared_memory(struct engine *engine, size_t bytes, napi_value object, const char *name, napi_ref *reference) {
  napi_env env = engine->env;
  napi_value buffer;
  void *data;
  NAPI(env, napi_create_arraybuffer(env, bytes, &data, &buffer), NULL);
  if (!pin_memory(engine, buffer)) return NULL;
  NAPI(env, napi_create_reference(env, buffer, 1, reference), NULL);
  NAPI(env, napi_set_named_property(env, object, name, buffer), NULL);
  return data;
}

/* Adds an array that JavaScript sees as a property of `object`. False, with an exception pending, on failure. */
static bool shared_list(struct engine *engine, napi_value object, const char *name, napi_ref *reference) {
  napi_env env = engine->env;
  napi_value list;
  NAPI(env, napi_create_array(env, &list), false);
  NAPI(env, napi_create_reference(env, list, 1, reference), false);
  NAPI(env, napi_set_named_property(env, object, name, list), false);
  return true;
}

/* start(dispatch, pin, reserved descriptors): `{ shared, out, slabs, reused }`, the memory of batches */
static napi_value start(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  size_t header = EVENT_WIDTH, events = header * MAX_EVENTS, operations = header * MAX_OPERATIONS;
  size_t total = header + events + operations + operations + REUSED_SLABS;
  napi_value result;
  if (engine->dispatch != NULL) {
    NAPI(env, napi_throw_error(env, NULL, "Cannot start the engine: it was started before"), NULL);
    return NULL;
  }
  NAPI(env, napi_get_value_uint32(env, arguments[2], &engine->reserved), NULL);
  NAPI(env, napi_create_reference(env, arguments[1], 1, &engine->pin), NULL);
  NAPI(env, napi_create_object(env, &result), NULL);
  void *memory = shared_memory(engine, total * sizeof(int32_t), result, "shared", &engine->shared);
  void *out = shared_memory(engine, OUT_BYTES, result, "out", &engine->out_buffer);
  if (memory == NULL || out == NULL) return NULL;
  if (!shared_list(engine, result, "slabs", &engine->slab_list)) return NULL;
  if (!shared_list(engine, result, "reused", &engine->reused_list)) return NULL;
  NAPI(env, napi_create_reference(env, arguments[0], 1, &engine->dispatch), NULL);
  engine->small.size = SMALL_SLAB;
  engine->large.size = LARGE_SLAB;
  engine->header = memory;
  engine->events = engine->header + header;
  engine->operations = engine->events + events;
  engine->stalls = engine->operations + operations;
  engine->in_use = engine->stalls + operations;
  engine->out = out;
  return result;
}

bool loop_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "start", start);
}
