/* Checks of the addon itself: for refused Node-API calls, and for invariants. */
#ifndef SOCK_CHECK_H
#define SOCK_CHECK_H

#define CHECK_TEXT_OF(line) #line
#define CHECK_TEXT(line) CHECK_TEXT_OF(line)
#define CHECK_PLACE __FILE__ ":" CHECK_TEXT(__LINE__)

/*
 * Calls Node-API. If the call is refused, its result is missing: the function returns `otherwise` at once, with an
 * exception pending. That is thrown to the calling JavaScript or, in a batch, becomes an uncaught exception.
 */
#define NAPI(env, call, otherwise)                \
  do {                                            \
    if (__builtin_expect((call) != napi_ok, 0)) { \
      napi_refused((env), CHECK_PLACE);           \
      return otherwise;                           \
    }                                             \
  } while (0)

/*
 * A condition without which foreign memory could be read or written, on what the addon does not decide alone: numbers
 * that come from JavaScript, the kernel or peers. Every build checks it, and aborts the process if it does not hold.
 */
#define ENSURE(condition) CHECK_HOLDS(condition, #condition)
#define CHECK_HOLDS(condition, text) (__builtin_expect((condition), 1) ? (void)0 : invariant_broken(text, CHECK_PLACE))

/*
 * A condition that follows from the code of the addon alone. Builds for tests and sanitizers (-DSOCK_CHECKED) abort
 * the process if it does not hold; other builds do not check it.
 */
#ifdef SOCK_CHECKED
#define INVARIANT(condition) CHECK_HOLDS(condition, #condition)
#else
#define INVARIANT(condition) ((void)sizeof(condition))
#endif

void napi_refused(napi_env env, const char *place) __attribute__((cold));
_Noreturn void invariant_broken(const char *condition, const char *place) __attribute__((cold));

#endif
