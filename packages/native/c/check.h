/* How the addon finds out that something is wrong with itself: what Node-API refuses, and what must hold. */
#ifndef SOCK_CHECK_H
#define SOCK_CHECK_H

#define CHECK_TEXT_OF(line) #line
#define CHECK_TEXT(line) CHECK_TEXT_OF(line)
#define CHECK_PLACE __FILE__ ":" CHECK_TEXT(__LINE__)

/*
 * Makes a call of Node-API. Where it is refused, what it should have given is not there: the function returns `otherwise`
 * at once, and an exception is pending, for the JavaScript that has called us or, in a batch, an uncaught one.
 */
#define NAPI(env, call, otherwise)                \
  do {                                            \
    if (__builtin_expect((call) != napi_ok, 0)) { \
      napi_refused((env), CHECK_PLACE);           \
      return otherwise;                           \
    }                                             \
  } while (0)

/*
 * What must hold, or memory would be mistaken for something else. Builds for tests and sanitizers (-DSOCK_CHECKED) end the
 * process where it does not; in others it is not looked at.
 */
#ifdef SOCK_CHECKED
#define INVARIANT(condition) ((condition) ? (void)0 : invariant_broken(#condition, CHECK_PLACE))
#else
#define INVARIANT(condition) ((void)sizeof(condition))
#endif

void napi_refused(napi_env env, const char *place) __attribute__((cold));
_Noreturn void invariant_broken(const char *condition, const char *place);

#endif
