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

static bool renew(struct engine *engine, struct slab *slab) {
  napi_value buffer;
  void *data;
  if (slab->buffer != NULL) napi_delete_reference(engine->env, slab->buffer);
  slab->buffer = NULL;
  slab->data = NULL;
  if (napi_create_arraybuffer(engine->env, slab->size, &data, &buffer) != napi_ok) return false;
  if (napi_create_reference(engine->env, buffer, 1, &slab->buffer) != napi_ok) return false;
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

void slabs_begin_batch(struct engine *engine) {
  engine->slabs_in_batch = 0;
  engine->small.number = -1;
  engine->large.number = -1;
}

void slabs_release(struct engine *engine) {
  if (engine->small.buffer != NULL) napi_delete_reference(engine->env, engine->small.buffer);
  if (engine->large.buffer != NULL) napi_delete_reference(engine->env, engine->large.buffer);
  engine->small.buffer = engine->large.buffer = NULL;
}

/* What else an event refers to goes into the same list, and is named by its number too. */
int32_t batch_value(struct engine *engine, napi_value value) {
  napi_value list;
  napi_get_reference_value(engine->env, engine->slab_list, &list);
  napi_set_element(engine->env, list, (uint32_t)engine->slabs_in_batch, value);
  return engine->slabs_in_batch++;
}
