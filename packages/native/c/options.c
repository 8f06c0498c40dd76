/* Options of sockets. On Linux, accepted sockets inherit those of their listener, so a connection costs no call. */
#include "engine.h"
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

struct option {
  const char *name;
  int level;
  int option;
};

/* By their names in JavaScript. */
static const struct option options[] = {
    {"noDelay", IPPROTO_TCP, TCP_NODELAY},
    {"keepAlive", SOL_SOCKET, SO_KEEPALIVE},
    {"keepAliveIdle", IPPROTO_TCP, TCP_KEEPIDLE},
    {"keepAliveInterval", IPPROTO_TCP, TCP_KEEPINTVL},
    {"keepAliveProbes", IPPROTO_TCP, TCP_KEEPCNT},
    {"userTimeout", IPPROTO_TCP, TCP_USER_TIMEOUT},
    {"deferAccept", IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {"fastOpen", IPPROTO_TCP, TCP_FASTOPEN},
    {"fastOpenConnect", IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
    {"busyPoll", SOL_SOCKET, SO_BUSY_POLL},
    {"receiveBuffer", SOL_SOCKET, SO_RCVBUF},
    {"sendBuffer", SOL_SOCKET, SO_SNDBUF},
    {"reuseAddress", SOL_SOCKET, SO_REUSEADDR},
    {"reusePort", SOL_SOCKET, SO_REUSEPORT},
    {"broadcast", SOL_SOCKET, SO_BROADCAST},
    {"passCredentials", SOL_SOCKET, SO_PASSCRED},
    {"ttl", IPPROTO_IP, IP_TTL},
    {"multicastTtl", IPPROTO_IP, IP_MULTICAST_TTL},
    {"multicastLoop", IPPROTO_IP, IP_MULTICAST_LOOP},
    {"ipv6Only", IPPROTO_IPV6, IPV6_V6ONLY},
    {"hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {"multicastHops", IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    {"multicastLoop6", IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
};

static const struct option *find(const char *name) {
  for (size_t index = 0; index < sizeof options / sizeof *options; index++) {
    if (strcmp(options[index].name, name) == 0) return &options[index];
  }
  return NULL;
}

/*
 * Converts a value for setsockopt(2). EINVAL for anything but a whole number, which must not be converted silently.
 */
static int setting_of(napi_env env, napi_value value, int *setting) {
  napi_valuetype type;
  double number;
  NAPI(env, napi_typeof(env, value, &type), EINVAL);
  if (type != napi_number) return EINVAL;
  NAPI(env, napi_get_value_double(env, value, &number), EINVAL);
  if (!(number >= INT_MIN && number <= INT_MAX) || number != (int)number) return EINVAL;
  *setting = (int)number;
  return 0;
}

/* Sets every own property of `values`, an object of numbers. Inherited ones are ignored. 0, or errno */
int options_apply(napi_env env, napi_value values, int fd) {
  napi_value names;
  uint32_t count = 0;
  NAPI(env, napi_get_all_property_names(
      env, values, napi_key_own_only, napi_key_skip_symbols, napi_key_numbers_to_strings, &names), EINVAL);
  NAPI(env, napi_get_array_length(env, names, &count), EINVAL);
  for (uint32_t index = 0; index < count; index++) {
    napi_value key, value;
    char name[32] = "";
    int setting;
    NAPI(env, napi_get_element(env, names, index, &key), EINVAL);
    NAPI(env, napi_get_value_string_utf8(env, key, name, sizeof name, NULL), EINVAL);
    NAPI(env, napi_get_property(env, values, key, &value), EINVAL);
    const struct option *option = find(name);
    if (option == NULL) return ENOPROTOOPT;
    int error = setting_of(env, value, &setting);
    if (error != 0) return error;
    if (setsockopt(fd, option->level, option->option, &setting, sizeof setting) != 0) return errno;
  }
  return 0;
}

/* getOption(slot, name): the value of the option, or -errno */
static napi_value get_option(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  const struct source *source = source_of(engine, arguments[0]);
  char name[32] = "";
  int setting = 0;
  socklen_t length = sizeof setting;
  NAPI(env, napi_get_value_string_utf8(env, arguments[1], name, sizeof name, NULL), NULL);
  const struct option *option = find(name);
  if (source == NULL) return number(env, -EBADF);
  if (option == NULL) return number(env, -ENOPROTOOPT);
  if (getsockopt(source->fd, option->level, option->option, &setting, &length) != 0) return number(env, -errno);
  return number(env, setting);
}

/* setOptions(slot, options): 0, or errno */
static napi_value set_options(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  const struct source *source = source_of(engine, arguments[0]);
  return number(env, source == NULL ? EBADF : options_apply(env, arguments[1], source->fd));
}

bool options_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "getOption", get_option) &&
         define(engine, exports, "setOptions", set_options);
}
