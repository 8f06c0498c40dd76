/*
 * Memory for what is read. A slab is filled from its start and let go when it is full: each part of it that was handed
 * out keeps it alive, and nobody writes to it again.
 */
#include "engine.h"

/* In a batch each slab that is used gets a number, by which events name it; the slabs are in an array of JavaScript's. */
int32_t slab_number(struct engine *engine, struct slab *slab) {
  if (slab->number >= 0) return slab->number;
  napi_value list, buffer;
  napi_get_reference_value(engine->env, engine->slab_list, &list);
  napi_get_reference_value(engine->env, slab->buffer, &buffer);
  slab->number = engine->slabs_in_batch++;
  napi_set_element(engine->env, list, (uint32_t)slab->number, buffer);
  return slab->number;
}

static void drop(struct engine *engine, struct slab *slab) {
  if (slab->buffer != NULL) napi_delete_reference(engine->env, slab->buffer);
  slab->buffer = NULL;
  slab->data = NULL;
}

/* napi_create_buffer() does not fill the memory with zeros, unlike napi_create_arraybuffer(). */
static bool renew(struct engine *engine, struct slab *slab) {
  napi_env env = engine->env;
  napi_value view, buffer;
  void *data;
  drop(engine, slab);
  if (napi_create_buffer(env, slab->size, &data, &view) != napi_ok) return false;
  if (napi_get_typedarray_info(env, view, NULL, NULL, NULL, &buffer, NULL) != napi_ok) return false;
  if (napi_create_reference(env, buffer, 1, &slab->buffer) != napi_ok) return false;
  slab->data = data;
  slab->used = 0;
  slab->number = -1;
  return true;
}

/* Where `size` bytes may be written; they are taken when `used` is moved on. NULL if there is no memory. */
uint8_t *slab_reserve(struct engine *engine, struct slab *slab, size_t size) {
  bool fits = slab->data != NULL && slab->size - slab->used >= size;
  if (!fits && !renew(engine, slab)) return NULL;
  return slab->data + slab->used;
}

/* Whoever has a slice has the whole slab, and may have given its memory away: `chunk.buffer.transfer()`. */
static void check(struct engine *engine, struct slab *slab) {
  napi_value buffer;
  bool is_detached = false;
  slab->number = -1;
  if (slab->buffer == NULL) return;
  napi_get_reference_value(engine->env, slab->buffer, &buffer);
  napi_is_detached_arraybuffer(engine->env, buffer, &is_detached);
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

/* What else an event refers to goes into the same list, and is named by its number too. */
int32_t batch_value(struct engine *engine, napi_value value) {
  napi_value list;
  napi_get_reference_value(engine->env, engine->slab_list, &list);
  napi_set_element(engine->env, list, (uint32_t)engine->slabs_in_batch, value);
  return engine->slabs_in_batch++;
}
