/*
 * One epoll set for all descriptors, itself watched by one uv_poll of the loop that runs. When it wakes, everything
 * that is ready is read, and one call into JavaScript hands over the whole batch; what is written in that call, and in
 * the promises and ticks that follow from it, is gathered and flushed after it.
 */
#include "engine.h"
#include <fcntl.h>
#include <time.h>

/* Of libuv, which Node's binary exports. Only what has not changed since 1.19; handles are opaque and sized at run time. */
extern size_t uv_handle_size(int type);
extern int uv_poll_init(void *loop, void *handle, int fd);
extern int uv_poll_start(void *handle, int events, void (*callback)(void *handle, int status, int events));
extern void uv_close(void *handle, void (*callback)(void *handle));
extern void uv_unref(void *handle);
extern void uv_handle_set_data(void *handle, void *data);
extern void *uv_handle_get_data(const void *handle);
/* UV_POLL in uv_handle_type, UV_READABLE in uv_poll_event (uv.h). */
#define UV_POLL 8
#define UV_READABLE 1

/*
 * In ns: how long the next datagrams are waited for at most (what the kernel's documentation recommends for
 * net.core.busy_poll), and how long a batch and those that follow so may take in all.
 */
#define LINGER 50000
#define MOST_LINGERING 1000000
/* After so many times in vain it is tried only once in so many batches. */
#define MOST_VAIN_LINGERS 8
#define LINGER_AGAIN 64

void push_event(struct engine *engine, const struct source *source, int32_t kind, int32_t a, int32_t b) {
  int32_t *event = engine->events + engine->event_count++ * EVENT_WIDTH;
  event[0] = source->slot;
  event[1] = kind;
  event[2] = a;
  event[3] = b;
}

static void begin_batch(struct engine *engine) {
  engine->batch_bytes = 0;
  engine->has_datagrams = false;
  slabs_begin_batch(engine);
}

/* Reads what is ready, as far as the batch has room. What is left over comes first next time. */
static void collect(struct engine *engine) {
  if (engine->ready_next == engine->ready_count) {
    engine->ready_next = 0;
    /* Zero: never wait here. The loop has been told that something is there. */
    int count = epoll_wait(engine->epoll, engine->ready, MAX_READY, 0);
    engine->ready_count = count < 0 ? 0 : count;
  }
  while (engine->ready_next < engine->ready_count && engine->batch_bytes < BATCH_BYTES) {
    const struct epoll_event *event = &engine->ready[engine->ready_next];
    struct source *source = source_of_event(engine, event);
    if (source != NULL) {
      if (engine->event_count + source->most_events > MAX_EVENTS) return;
      source->ready(engine, source, event->events);
    }
    engine->ready_next++;
  }
}

/* Calls JavaScript; its promises and ticks have run when this returns. */
static void call(struct engine *engine) {
  napi_env env = engine->env;
  napi_value global, dispatch, count, exception;
  napi_get_global(env, &global);
  napi_get_reference_value(env, engine->dispatch, &dispatch);
  napi_create_int32(env, engine->event_count, &count);
  engine->event_count = 0;
  napi_status status = napi_make_callback(env, NULL, global, dispatch, 1, &count, NULL);
  if (status != napi_pending_exception || engine->closing) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

/* Again for what did not go out, which JavaScript keeps from then on. */
static void deliver(struct engine *engine) {
  while ((engine->event_count > 0 || engine->header[HEADER_STALLS] > 0) && !engine->closing) {
    engine->header[HEADER_GATHERING] = 1;
    call(engine);
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
 * A sender of datagrams often waits for us after a few of them: for room in the ten places of a Unix socket's queue, or
 * for an answer. To sleep each time that nothing is left costs both sides more than the datagrams themselves, so that the
 * next ones are waited for: no longer than the batch took, so that waiting costs no more than the work. Not where it was
 * in vain lately, nor where the sender has to share this core.
 */
static bool more_came(struct engine *engine, int64_t began, int64_t now) {
  bool is_dull = engine->vain_lingers >= MOST_VAIN_LINGERS && ++engine->skipped_lingers % LINGER_AGAIN != 0;
  if (!engine->may_linger || !engine->has_datagrams || is_dull || engine->closing) return false;
  int64_t end = now + (now - began < LINGER ? now - began : LINGER);
  begin_batch(engine);
  do {
    collect(engine);
  } while (engine->event_count == 0 && nanoseconds() < end);
  bool is_vain = engine->event_count == 0;
  engine->vain_lingers = is_vain ? engine->vain_lingers + 1 : 0;
  return !is_vain;
}

static void on_wake(void *poll, int status, int events) {
  (void)status, (void)events;
  struct engine *engine = uv_handle_get_data(poll);
  napi_handle_scope scope;
  if (engine->closing || napi_open_handle_scope(engine->env, &scope) != napi_ok) return;
  engine->in_batch = true;
  begin_batch(engine);
  int64_t first = nanoseconds();
  collect(engine);
  for (int64_t began = first, now;; began = nanoseconds()) {
    deliver(engine);
    now = nanoseconds();
    if (now - first > MOST_LINGERING || !more_came(engine, began, now)) break;
  }
  engine->in_batch = false;
  sources_reclaim(engine);
  napi_close_handle_scope(engine->env, scope);
}

bool loop_open(struct engine *engine) {
  if (napi_get_uv_event_loop(engine->env, (struct uv_loop_s **)&engine->loop) != napi_ok) {
    errno = ENOSYS;
    return false;
  }
  engine->epoll = epoll_create1(EPOLL_CLOEXEC);
  engine->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
  engine->poll = calloc(1, uv_handle_size(UV_POLL));
  engine->may_linger = sysconf(_SC_NPROCESSORS_ONLN) > 1;
  int status = -ENOMEM;
  if (engine->epoll >= 0 && engine->poll != NULL)
    status = uv_poll_init(engine->loop, engine->poll, engine->epoll);
  if (status == 0) {
    uv_handle_set_data(engine->poll, engine);
    uv_poll_start(engine->poll, UV_READABLE, on_wake);
    uv_unref(engine->poll);
    return true;
  }
  if (engine->epoll >= 0) close(engine->epoll);
  if (engine->reserve >= 0) close(engine->reserve);
  free(engine->poll);
  errno = -status;
  return false;
}

void loop_close(struct engine *engine, void (*closed)(void *poll)) {
  slabs_release(engine);
  napi_ref references[] = {engine->dispatch, engine->slab_list, engine->shared, engine->out_buffer, engine->post_memory};
  for (size_t index = 0; index < sizeof references / sizeof *references; index++) {
    if (references[index] != NULL) napi_delete_reference(engine->env, references[index]);
  }
  uv_close(engine->poll, closed);
  close(engine->epoll);
  if (engine->reserve >= 0) close(engine->reserve);
}

static napi_value shared_array(struct engine *engine, size_t bytes, napi_ref *reference, void **data) {
  napi_value buffer = NULL;
  napi_create_arraybuffer(engine->env, bytes, data, &buffer);
  napi_create_reference(engine->env, buffer, 1, reference);
  return buffer;
}

/* start(dispatch): `{ shared, out, slabs }`, the memory of batches. */
static napi_value start(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  void *memory, *out;
  size_t events = MAX_EVENTS * EVENT_WIDTH, operations = MAX_OPERATIONS * EVENT_WIDTH, header = EVENT_WIDTH;
  size_t total = header + events + operations + operations;
  napi_value result, slabs;
  if (engine->dispatch != NULL) {
    napi_throw_error(env, NULL, "Cannot start the engine: it was started before");
    return NULL;
  }
  napi_create_object(env, &result);
  napi_create_reference(env, arguments[0], 1, &engine->dispatch);
  napi_set_named_property(
      env, result, "shared",
      shared_array(engine, total * sizeof(int32_t), &engine->shared, &memory));
  napi_set_named_property(env, result, "out", shared_array(engine, OUT_BYTES, &engine->out_buffer, &out));
  napi_create_array(env, &slabs);
  napi_create_reference(env, slabs, 1, &engine->slab_list);
  napi_set_named_property(env, result, "slabs", slabs);
  engine->small.size = SMALL_SLAB;
  engine->large.size = LARGE_SLAB;
  engine->header = memory;
  engine->events = engine->header + header;
  engine->operations = engine->events + events;
  engine->stalls = engine->operations + operations;
  engine->out = out;
  return result;
}

void loop_register(struct engine *engine, napi_value exports) {
  define(engine, exports, "start", start);
}
