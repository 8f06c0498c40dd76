#include "engine.h"
#include <stdio.h>

/* Longest message: a place in the source, and Node-API's text. */
#define MESSAGE_BYTES 256

/*
 * Throws an error, unless an exception is pending already. If it cannot throw, the environment is ending and nothing
 * would catch it.
 */
void napi_refused(napi_env env, const char *place) {
  const napi_extended_error_info *info = NULL;
  char message[MESSAGE_BYTES];
  bool is_pending = false;
  bool has_reason = napi_get_last_error_info(env, &info) == napi_ok && info->error_message != NULL;
  const char *reason = has_reason ? info->error_message : "no reason is given";
  (void)snprintf(message, sizeof message, "Cannot call Node-API (%s): %s", place, reason);
  if (napi_is_exception_pending(env, &is_pending) == napi_ok && !is_pending)
    (void)napi_throw_error(env, NULL, message);
}

_Noreturn void invariant_broken(const char *condition, const char *place) {
  (void)fprintf(stderr, "@sock/native: %s does not hold (%s)\n", condition, place);
  abort();
}
