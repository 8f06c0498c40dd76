/* Listening sockets. */
#include "engine.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>

/* Peers that one batch accepts from one listener, so that other sockets get their turn. */
#define MAX_ACCEPTS 64

struct listener {
  struct source source;
  bool accepting;
};

SOURCE_COMES_FIRST(listener);

static bool is_out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

/*
 * Whether the error concerns only one peer, which was gone before it was accepted, or whose network was (accept(2),
 * "Error handling").
 */
static bool is_of_peer(int error) {
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
         error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH;
}

/*
 * Turns away a peer when no file descriptor is free: closes the spare one, accepts the peer, and closes it. Otherwise
 * the peer would stay in the queue and wake the event loop for ever.
 */
static void turn_away(struct engine *engine, const struct listener *listener) {
  if (engine->reserve >= 0) close(engine->reserve);
  int fd = accept4(listener->source.fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  engine->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void failed(struct engine *engine, struct listener *listener, int error) {
  if (is_out_of_descriptors(error)) turn_away(engine, listener);
  /* Stop accepting, since the cause may last. JavaScript resumes accepting after a while. */
  listener->accepting = false;
  source_arm(engine, &listener->source, 0);
  push_event(engine, &listener->source, KIND_REFUSED, error, 0);
}

/*
 * Whether JavaScript must decide about this peer before another is accepted: otherwise one batch could use the last
 * descriptors.
 */
static bool is_reserved(struct engine *engine, int fd) {
  struct rlimit limit;
  if ((uint64_t)fd < engine->first_reserved) return false;
  /* Read the limit for the first time, or again, since it may have been raised. */
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  engine->first_reserved = limit.rlim_cur < engine->reserved ? 0 : limit.rlim_cur - engine->reserved;
  return (uint64_t)fd >= engine->first_reserved;
}

static void on_ready(struct engine *engine, struct source *source, uint32_t events) {
  struct listener *listener = SOURCE_AS(listener, SOURCE_LISTENER, source);
  (void)events;
  ENSURE(listener != NULL);
  for (int count = 0; count < MAX_ACCEPTS && listener->accepting; count++) {
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      int32_t slot = stream_adopt(engine, fd);
      if (slot >= 0) push_event(engine, source, KIND_ACCEPTED, slot, fd);
      else failed(engine, listener, ENOMEM);
      if (is_reserved(engine, fd)) return;
    } else if (errno == EAGAIN) {
      return;
    } else if (!is_of_peer(errno)) {
      failed(engine, listener, errno);
    }
  }
}

static int bind_and_listen(int fd, const struct address *address, int backlog) {
  if (bind(fd, (const struct sockaddr *)&address->storage, address->length) != 0) return errno;
  return listen(fd, backlog) == 0 ? 0 : errno;
}

static int prepare(int fd, const struct address *address, bool ipv6_only, bool reuse_port) {
  int family = address->storage.ss_family, yes = 1, only = ipv6_only;
  if (family == AF_UNIX) return 0;
  /* Connections of a stopped server must not block its port (TIME_WAIT, socket(7)). */
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return errno;
  if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0) return errno;
  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) return errno;
  return 0;
}

static int32_t adopt(struct engine *engine, int fd) {
  struct listener *listener = calloc(1, sizeof *listener);
  if (listener == NULL || !source_open(engine, &listener->source, SOURCE_LISTENER, fd, on_ready, MAX_ACCEPTS + 1)) {
    free(listener);
    close(fd);
    return -ENOMEM;
  }
  listener->accepting = true;
  int error = source_arm(engine, &listener->source, EPOLLIN);
  if (error == 0) return listener->source.slot;
  source_close(engine, &listener->source);
  return -error;
}

/* Opens a listener: the slot, or -errno */
static napi_value open_listener(struct engine *engine, const struct address *address, int backlog,
                                napi_value options, bool ipv6_only, bool reuse_port) {
  napi_env env = engine->env;
  int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  int error = prepare(fd, address, ipv6_only, reuse_port);
  if (error == 0) error = options_apply(env, options, fd);
  if (error == 0) error = bind_and_listen(fd, address, backlog);
  if (error == 0) return number(env, adopt(engine, fd));
  close(fd);
  return number(env, -error);
}

/* listenIp(options, backlog, host, port, ipv6Only, reusePort) */
static napi_value listen_ip(napi_env env, napi_callback_info info) {
  ARGUMENTS(6);
  struct address address;
  bool ipv6_only, reuse_port;
  int32_t backlog, port;
  NAPI(env, napi_get_value_int32(env, arguments[1], &backlog), NULL);
  NAPI(env, napi_get_value_int32(env, arguments[3], &port), NULL);
  NAPI(env, napi_get_value_bool(env, arguments[4], &ipv6_only), NULL);
  NAPI(env, napi_get_value_bool(env, arguments[5], &reuse_port), NULL);
  if (!address_from_ip(env, arguments[2], port, &address)) return number(env, -EINVAL);
  return open_listener(engine, &address, backlog, arguments[0], ipv6_only, reuse_port);
}

/* listenPath(options, backlog, path) */
static napi_value listen_path(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  struct address address;
  int32_t backlog;
  NAPI(env, napi_get_value_int32(env, arguments[1], &backlog), NULL);
  if (!address_from_path(env, arguments[2], &address)) return number(env, -ENAMETOOLONG);
  return open_listener(engine, &address, backlog, arguments[0], false, false);
}

/* setAccepting(slot, whether): resumes accepting after a failure, or stops. 0, or errno */
static napi_value set_accepting(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct listener *listener = SOURCE_AS(listener, SOURCE_LISTENER, source_of(engine, arguments[0]));
  if (listener == NULL) return number(env, EBADF);
  NAPI(env, napi_get_value_bool(env, arguments[1], &listener->accepting), NULL);
  return number(env, source_arm(engine, &listener->source, listener->accepting ? EPOLLIN : 0));
}

bool listener_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "listenIp", listen_ip) &&
         define(engine, exports, "listenPath", listen_path) &&
         define(engine, exports, "setAccepting", set_accepting);
}
