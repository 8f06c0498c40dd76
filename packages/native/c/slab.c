/*
 * Memory for reads. A slab is filled from its start and released when it is full: the slices that were handed out
 * keep it alive, and it is never written to again.
 *
 * Streams that reuse chunks have slabs of their own. One of these is filled from its start again as soon as all its
 * chunks have been given back. While they are in use, the next slab is taken. When none has room, one is released like
 * the others: its chunks are never overwritten.
 */
#include "engine.h"

/* Chunks begin at multiples of this, so that what JavaScript gets is aligned. Sizes of slabs are multiples, too. */
#define SLAB_STEP 8

_Static_assert(
    SMALL_SLAB % SLAB_STEP == 0 && LARGE_SLAB % SLAB_STEP == 0 && LARGE_SLAB <= INT32_MAX,
    "the last chunk of a slab would end behind it");

/* Returns the number of the slab in this batch, which events use. -1, with an exception pending, on failure. */
int32_t slab_number(struct engine *engine, struct slab *slab) {
  if (slab->number >= 0) return slab->number;
  napi_value buffer;
  NAPI(engine->env, napi_get_reference_value(engine->env, slab->buffer, &buffer), -1);
  return slab->number = batch_value(engine, buffer);
}

/* Adds a value to the list that events refer to: a slab, or another value. @returns its number there, or -1 */
int32_t batch_value(struct engine *engine, napi_value value) {
  napi_env env = engine->env;
  napi_value list;
  NAPI(env, napi_get_reference_value(env, engine->slab_list, &list), -1);
  NAPI(env, napi_set_element(env, list, (uint32_t)engine->slabs_in_batch, value), -1);
  ENSURE(engine->slabs_in_batch < 1 << (31 - KIND_BITS));
  return engine->slabs_in_batch++;
}

static void drop(struct engine *engine, struct slab *slab) {
  napi_ref buffer = slab->buffer;
  slab->buffer = NULL;
  slab->data = NULL;
  if (buffer != NULL) NAPI(engine->env, napi_delete_reference(engine->env, buffer), );
}

/*
 * Allocates memory that, unlike that of napi_create_arraybuffer(), is not filled with zeros. A failure concerns one
 * socket, which gets an event, so no exception is left pending.
 */
bool fresh_memory(napi_env env, size_t size, void **data, napi_value *buffer) {
  napi_value view;
  if (napi_create_buffer(env, size, data, &view) != napi_ok) {
    (void)napi_get_and_clear_last_exception(env, &view);
    return false;
  }
  NAPI(env, napi_get_typedarray_info(env, view, NULL, NULL, NULL, buffer, NULL), false);
  return true;
}

/*
 * Has JavaScript mark memory that it sees, so that it cannot be transferred: the addon writes into it, and in a slab
 * others have slices.
 */
bool pin_memory(struct engine *engine, napi_value buffer) {
  napi_env env = engine->env;
  napi_value pin, global;
  NAPI(env, napi_get_reference_value(env, engine->pin, &pin), false);
  NAPI(env, napi_get_global(env, &global), false);
  NAPI(env, napi_call_function(env, global, pin, 1, &buffer, NULL), false);
  return true;
}

/* Tells JavaScript which memory a slab of reused chunks has now. Chunks of the earlier one do not count any more. */
static bool enlist(struct engine *engine, struct slab *slab, napi_value buffer) {
  napi_env env = engine->env;
  napi_value list;
  NAPI(env, napi_get_reference_value(env, engine->reused_list, &list), false);
  NAPI(env, napi_set_element(env, list, (uint32_t)(slab - engine->reused), buffer), false);
  *slab->in_use = 0;
  return true;
}

static bool renew(struct engine *engine, struct slab *slab) {
  napi_value buffer;
  void *data;
  drop(engine, slab);
  if (!fresh_memory(engine->env, slab->size, &data, &buffer) || !pin_memory(engine, buffer)) return false;
  NAPI(engine->env, napi_create_reference(engine->env, buffer, 1, &slab->buffer), false);
  slab->data = data;
  slab->used = 0;
  slab->number = -1;
  if (slab->in_use == NULL || enlist(engine, slab, buffer)) return true;
  /* JavaScript would count its chunks for the earlier memory, and it would be read into while they are in use. */
  drop(engine, slab);
  return false;
}

/* Returns how many bytes may be written where slab_reserve() has said. */
size_t slab_room(const struct slab *slab) {
  return slab->data == NULL || slab->used > slab->size ? 0 : slab->size - slab->used;
}

/* Returns where `size` bytes may be written; slab_take() keeps them. NULL if there is no memory. */
uint8_t *slab_reserve(struct engine *engine, struct slab *slab, size_t size) {
  if (slab_room(slab) < size && (!renew(engine, slab) || slab_room(slab) < size)) return NULL;
  return slab->data + slab->used;
}

/*
 * Keeps the first `length` bytes that were written to reserved memory. This is all that moves `used` forward. Peers
 * decide about lengths, so every build checks them here. @returns their offset; -1 if there is no room for them
 */
int32_t slab_take(struct slab *slab, size_t length) {
  size_t offset = slab->used;
  if (length > slab_room(slab)) return -1;
  /* Neither step exceeds the size, which is a multiple too. */
  slab->used += (length + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
  return (int32_t)offset;
}

/* Returns the slab to reserve `size` bytes in, for a stream that reuses chunks. */
struct slab *slab_reused(struct engine *engine, size_t size) {
  for (int32_t index = 0; index < engine->reused_count; index++) {
    if (slab_room(&engine->reused[index]) >= size) return &engine->reused[index];
  }
  if (engine->reused_count == REUSED_SLABS) return &engine->reused[engine->next_replaced++ % REUSED_SLABS];
  struct slab *slab = &engine->reused[engine->reused_count];
  *slab = (struct slab){.size = LARGE_SLAB, .number = -1, .in_use = &engine->in_use[engine->reused_count]};
  engine->reused_count++;
  return slab;
}

/*
 * Code that has a slice has the whole slab. Where Node does not refuse each way to transfer its memory, the addon must
 * not write there any more.
 */
static void check(struct engine *engine, struct slab *slab) {
  napi_env env = engine->env;
  napi_value buffer;
  bool is_detached;
  slab->number = -1;
  if (slab->buffer == NULL) return;
  NAPI(env, napi_get_reference_value(env, slab->buffer, &buffer), );
  NAPI(env, napi_is_detached_arraybuffer(env, buffer, &is_detached), );
  if (is_detached) drop(engine, slab);
}

void slabs_begin_batch(struct engine *engine) {
  engine->slabs_in_batch = 0;
  check(engine, &engine->small);
  check(engine, &engine->large);
  for (int32_t index = 0; index < engine->reused_count; index++) {
    struct slab *slab = &engine->reused[index];
    INVARIANT(*slab->in_use >= 0);
    check(engine, slab);
    if (*slab->in_use == 0) slab->used = 0;
  }
}

void slabs_release(struct engine *engine) {
  drop(engine, &engine->small);
  drop(engine, &engine->large);
  for (int32_t index = 0; index < engine->reused_count; index++) drop(engine, &engine->reused[index]);
}
