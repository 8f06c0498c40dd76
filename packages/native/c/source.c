/* Watched file descriptors, and the slots that identify them for JavaScript and the epoll set. */
#include "engine.h"
#include "libuv.h"

static bool grow(struct engine *engine) {
  int32_t capacity = engine->slot_capacity == 0 ? 64 : engine->slot_capacity * 2;
  struct source **slots = realloc(engine->slots, (size_t)capacity * sizeof(void *));
  if (slots == NULL) return false;
  engine->slots = slots;
  int32_t *free_slots = realloc(engine->free_slots, (size_t)capacity * sizeof *free_slots);
  if (free_slots == NULL) return false;
  engine->free_slots = free_slots;
  engine->slot_capacity = capacity;
  return true;
}

static int32_t take_slot(struct engine *engine) {
  if (engine->free_count > 0) return engine->free_slots[--engine->free_count];
  if (engine->slot_count == engine->slot_capacity && !grow(engine)) return -1;
  engine->slots[engine->slot_count] = NULL;
  return engine->slot_count++;
}

/* The process stays alive while a referenced source is open. */
static void hold(struct engine *engine) {
  if (engine->referenced_count++ == 0) uv_ref((uv_handle_t *)engine->poll);
}

static void release(struct engine *engine) {
  INVARIANT(engine->referenced_count > 0);
  if (--engine->referenced_count == 0) uv_unref((uv_handle_t *)engine->poll);
}

/* Takes ownership of descriptor and memory. On failure (no memory) the caller keeps both. */
bool source_open(
    struct engine *engine, struct source *source, enum source_kind kind, int fd, source_ready ready, uint16_t most_events) {
  /* Without the memory that start() makes, events would have no place. */
  ENSURE(engine->events != NULL);
  int32_t slot = take_slot(engine);
  if (slot < 0) return false;
  source->kind = kind;
  source->fd = fd;
  source->slot = slot;
  source->generation = ++engine->next_generation;
  source->armed = 0;
  source->is_unreferenced = false;
  source->ready = ready;
  source->most_events = most_events;
  INVARIANT(slot < engine->slot_count && engine->slots[slot] == NULL);
  INVARIANT(most_events <= MAX_EVENTS);
  engine->slots[slot] = source;
  hold(engine);
  return true;
}

struct source *source_at(const struct engine *engine, int32_t slot) {
  return slot < 0 || slot >= engine->slot_count ? NULL : engine->slots[slot];
}

/* Returns the source in the slot that an argument names. */
struct source *source_of(const struct engine *engine, napi_value slot) {
  int32_t number;
  NAPI(engine->env, napi_get_value_int32(engine->env, slot, &number), NULL);
  return source_at(engine, number);
}

struct epoll_event source_event(const struct source *source, uint32_t events) {
  return (struct epoll_event){
      .events = events,
      .data.u64 = (uint64_t)source->generation << 32 | (uint32_t)source->slot,
  };
}

struct source *source_of_event(struct engine *engine, const struct epoll_event *event) {
  struct source *source = source_at(engine, (int32_t)(event->data.u64 & 0xffffffff));
  return source != NULL && source->generation == event->data.u64 >> 32 ? source : NULL;
}

/* Counts a source in or out of the epoll set. */
static void set_armed(struct engine *engine, struct source *source, uint32_t events) {
  int32_t change = (events != 0) - (source->armed != 0);
  engine->armed_count += change;
  engine->armed_slots += (int64_t)change * source->slot;
  source->armed = events;
}

/* Returns the only source in the epoll set, if there is just one. */
struct source *source_alone(const struct engine *engine) {
  return engine->armed_count == 1 ? source_at(engine, (int32_t)engine->armed_slots) : NULL;
}

/*
 * Level-triggered: an unhandled event is reported again. A source without wanted events leaves the set, since
 * hang-ups and errors are reported whether wanted or not (epoll_ctl(2)).
 */
int source_arm(struct engine *engine, struct source *source, uint32_t events) {
  if (events == source->armed) return 0;
  struct epoll_event event = source_event(source, events);
  int operation = events == 0 ? EPOLL_CTL_DEL : source->armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(engine->epoll, operation, source->fd, &event) != 0) return errno;
  set_armed(engine, source, events);
  return 0;
}

/* Returns the slots of closed sources, only after a batch, which may still have events for them. */
void sources_reclaim(struct engine *engine) {
  while (engine->closed != NULL) {
    struct source *source = engine->closed;
    engine->closed = source->next_closed;
    INVARIANT(engine->free_count < engine->slot_capacity && engine->slots[source->slot] == NULL);
    engine->free_slots[engine->free_count++] = source->slot;
    free(source);
  }
}

/* close(2) removes the descriptor from the set: it is not shared, and no child keeps a copy after exec(3). */
void source_close(struct engine *engine, struct source *source) {
  INVARIANT(source_at(engine, source->slot) == source);
  close(source->fd);
  set_armed(engine, source, 0);
  stream_drop(engine, source->slot);
  send_batch_drop(engine, source->slot);
  engine->slots[source->slot] = NULL;
  source->next_closed = engine->closed;
  engine->closed = source;
  if (!source->is_unreferenced) release(engine);
  if (!engine->in_batch) sources_reclaim(engine);
}

void sources_close_all(struct engine *engine) {
  for (int32_t slot = 0; slot < engine->slot_count; slot++) {
    if (engine->slots[slot] != NULL) source_close(engine, engine->slots[slot]);
  }
  sources_reclaim(engine);
}

/* setReferenced(slot, whether): sets whether it keeps the process alive. 0, or errno */
static napi_value set_referenced(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct source *source = source_of(engine, arguments[0]);
  bool whether;
  NAPI(env, napi_get_value_bool(env, arguments[1], &whether), NULL);
  if (source == NULL) return number(env, EBADF);
  if (source->is_unreferenced == !whether) return number(env, 0);
  source->is_unreferenced = !whether;
  if (whether) hold(engine);
  else release(engine);
  return number(env, 0);
}

bool source_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "setReferenced", set_referenced);
}
