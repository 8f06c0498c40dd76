/*
 * Memory for what is read. A slab is filled from its start and let go when it is full: each part of it that was handed
 * out keeps it alive, and nobody writes to it again.
 */
#include "engine.h"

/* Its number in this batch, by which events name it; -1, and an exception, if it cannot have one. */
int32_t slab_number(struct engine *engine, struct slab *slab) {
  if (slab->number >= 0) return slab->number;
  napi_value buffer;
  NAPI(engine->env, napi_get_reference_value(engine->env, slab->buffer, &buffer), -1);
  return slab->number = batch_value(engine, buffer);
}

/* What events refer to is in a list of JavaScript's: slabs, and other values too. @returns its number there, or -1 */
int32_t batch_value(struct engine *engine, napi_value value) {
  napi_env env = engine->env;
  napi_value list;
  NAPI(env, napi_get_reference_value(env, engine->slab_list, &list), -1);
  NAPI(env, napi_set_element(env, list, (uint32_t)engine->slabs_in_batch, value), -1);
  INVARIANT(engine->slabs_in_batch < 1 << (31 - KIND_BITS));
  return engine->slabs_in_batch++;
}

static void drop(struct engine *engine, struct slab *slab) {
  napi_ref buffer = slab->buffer;
  slab->buffer = NULL;
  slab->data = NULL;
  if (buffer != NULL) NAPI(engine->env, napi_delete_reference(engine->env, buffer), );
}

/*
 * Unlike that of napi_create_arraybuffer() it is not filled with zeros. That there is none concerns one socket, which is
 * told: no exception is left of it.
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

static bool renew(struct engine *engine, struct slab *slab) {
  napi_value buffer;
  void *data;
  drop(engine, slab);
  if (!fresh_memory(engine->env, slab->size, &data, &buffer)) return false;
  NAPI(engine->env, napi_create_reference(engine->env, buffer, 1, &slab->buffer), false);
  slab->data = data;
  slab->used = 0;
  slab->number = -1;
  return true;
}

/* Where `size` bytes may be written; they are taken when `used` is moved on. NULL if there is no memory. */
uint8_t *slab_reserve(struct engine *engine, struct slab *slab, size_t size) {
  INVARIANT(size <= slab->size && slab->used <= slab->size);
  bool fits = slab->data != NULL && slab->size - slab->used >= size;
  if (!fits && !renew(engine, slab)) return NULL;
  return slab->data + slab->used;
}

/* Whoever has a slice has the whole slab, and may have given its memory away: `chunk.buffer.transfer()`. */
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
}

void slabs_release(struct engine *engine) {
  drop(engine, &engine->small);
  drop(engine, &engine->large);
}
