/* The module: it makes engines, which are gone with their environment (the main thread, each worker). */
#include "engine.h"

napi_value number(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

int32_t integer(napi_env env, napi_value value) {
  int32_t result = 0;
  napi_get_value_int32(env, value, &result);
  return result;
}

void define(struct engine *engine, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  napi_create_function(engine->env, name, NAPI_AUTO_LENGTH, callback, engine, &function);
  napi_set_named_property(engine->env, exports, name, function);
}

/* The loop has let go of the poll handle: nothing can call us any more. */
static void on_closed(void *poll) {
  extern void *uv_handle_get_data(const void *handle);
  struct engine *engine = uv_handle_get_data(poll);
  napi_async_cleanup_hook_handle cleanup = engine->cleanup;
  free(poll);
  free(engine->slots);
  free(engine->free_slots);
  free(engine->senders);
  free(engine->intake);
  free(engine);
  napi_remove_async_cleanup_hook(cleanup);
}

/* The environment ends, also by terminate(). Its loop still runs until the hook is removed. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  struct engine *engine = data;
  (void)handle;
  engine->closing = true;
  sources_close_all(engine);
  loop_close(engine, on_closed);
}

/*
 * createEngine(): its functions. Node loads a binary once per environment, however many copies of our modules find it, and
 * each of them has dispatch and memory of its own.
 */
static napi_value create_engine(napi_env env, napi_callback_info info) {
  napi_value functions;
  struct engine *engine = calloc(1, sizeof(struct engine));
  (void)info;
  if (engine == NULL) {
    napi_throw_error(env, "ENOMEM", "Cannot start the engine: no memory is left");
    return NULL;
  }
  engine->env = env;
  if (!loop_open(engine)) {
    const char *reason = strerror(errno);
    free(engine);
    napi_throw_error(env, NULL, reason);
    return NULL;
  }
  napi_add_async_cleanup_hook(env, on_cleanup, engine, &engine->cleanup);
  napi_create_object(env, &functions);
  loop_register(engine, functions);
  options_register(engine, functions);
  listener_register(engine, functions);
  stream_register(engine, functions);
  datagram_register(engine, functions);
  multicast_register(engine, functions);
  post_register(engine, functions);
  return functions;
}

/* By their names, so that JavaScript of another version is found out. */
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

/* `{ createEngine, numbers }` */
napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value function, list;
  napi_create_function(env, "createEngine", NAPI_AUTO_LENGTH, create_engine, NULL, &function);
  napi_set_named_property(env, exports, "createEngine", function);
  napi_create_object(env, &list);
  for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++)
    napi_set_named_property(env, list, numbers[index].name, number(env, numbers[index].value));
  napi_set_named_property(env, exports, "numbers", list);
  return exports;
}
