/* The module. It creates engines, which are destroyed with their environment (the main thread or a worker). */
#include "engine.h"

napi_value number(napi_env env, int64_t value) {
  napi_value result;
  NAPI(env, napi_create_int64(env, value, &result), NULL);
  return result;
}

bool define(struct engine *engine, napi_value exports, const char *name, napi_callback callback) {
  napi_env env = engine->env;
  napi_value function;
  NAPI(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, engine, &function), false);
  NAPI(env, napi_set_named_property(env, exports, name, function), false);
  return true;
}

/* libuv has closed the poll handle: no callback can follow. */
static void on_closed(struct engine *engine) {
  napi_async_cleanup_hook_handle cleanup = engine->cleanup;
  free(engine->poll);
  free(engine->slots);
  free(engine->free_slots);
  free(engine->senders);
  free(engine->intake);
  free(engine);
  /* The environment is gone, so a failure cannot be reported. */
  if (cleanup != NULL) (void)napi_remove_async_cleanup_hook(cleanup);
}

/* The environment ends, also by terminate(). Its event loop runs until the hook is removed. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  struct engine *engine = data;
  (void)handle;
  engine->closing = true;
  sources_close_all(engine);
  loop_close(engine, on_closed);
}

static bool register_all(struct engine *engine, napi_value functions) {
  return loop_register(engine, functions) && source_register(engine, functions) && options_register(engine, functions) &&
         listener_register(engine, functions) && stream_register(engine, functions) &&
         datagram_register(engine, functions) && multicast_register(engine, functions) &&
         send_batch_register(engine, functions);
}

/* Fails before libuv knows the engine. */
static napi_value cannot_start(napi_env env, struct engine *engine, int error) {
  free(engine);
  NAPI(env, napi_throw_error(env, NULL, strerror(error)), NULL);
  return NULL;
}

/*
 * createEngine(): an object with the engine's functions. Node loads a binary once per environment, however many
 * copies of this package use it. Each copy has its own dispatch function and memory.
 */
static napi_value create_engine(napi_env env, napi_callback_info info) {
  napi_value functions;
  struct engine *engine = calloc(1, sizeof(struct engine));
  (void)info;
  if (engine == NULL) return cannot_start(env, engine, ENOMEM);
  engine->env = env;
  if (!loop_open(engine)) return cannot_start(env, engine, errno);
  int error = loop_watch(engine);
  if (error != 0) {
    on_cleanup(NULL, engine);
    NAPI(env, napi_throw_error(env, NULL, strerror(error)), NULL);
    return NULL;
  }
  if (napi_add_async_cleanup_hook(env, on_cleanup, engine, &engine->cleanup) != napi_ok) {
    napi_refused(env, CHECK_PLACE);
    on_cleanup(NULL, engine);
    return NULL;
  }
  NAPI(env, napi_create_object(env, &functions), NULL);
  return register_all(engine, functions) ? functions : NULL;
}

/* By name, so that JavaScript of another version is detected. */
static const struct {
  const char *name;
  int32_t value;
} numbers[] = {
#define NUMBER(name, value) {#name, name},
#define EVENT(name, value) {"KIND_" #name, KIND_##name},
#define HEADER(name, value) {"HEADER_" #name, HEADER_##name},
    SHARED_NUMBERS(NUMBER, EVENT, HEADER)
#undef NUMBER
#undef EVENT
#undef HEADER
};

NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports);

#ifdef SOCK_CHECKED
static const bool is_checked = true;
#else
static const bool is_checked = false;
#endif

/* `{ createEngine, numbers, checked }` */
napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value function, list, checked;
  NAPI(env, napi_create_function(env, "createEngine", NAPI_AUTO_LENGTH, create_engine, NULL, &function), NULL);
  NAPI(env, napi_set_named_property(env, exports, "createEngine", function), NULL);
  NAPI(env, napi_create_object(env, &list), NULL);
  for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++) {
    napi_value value = number(env, numbers[index].value);
    NAPI(env, napi_set_named_property(env, list, numbers[index].name, value), NULL);
  }
  NAPI(env, napi_set_named_property(env, exports, "numbers", list), NULL);
  NAPI(env, napi_get_boolean(env, is_checked, &checked), NULL);
  NAPI(env, napi_set_named_property(env, exports, "checked", checked), NULL);
  return exports;
}
