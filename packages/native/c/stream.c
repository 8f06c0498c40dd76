/*
 * Connected sockets. Received data goes into a slab and the batch; sent data comes gathered or one write at a time.
 */
#include "engine.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>

/*
 * If a connection's reads fill the small window, the large one is used, and then the whole rest of a slab, until its
 * reads are small again. One call that reads everything costs less than several.
 */
#define SMALL_READ 4096
#define LARGE_READ 65536
#define WHOLE_READ LARGE_SLAB
/* A shorter read is copied out of a large slab, so that keeping it does not keep the whole slab. */
#define COPY_BELOW 16384
/* Buffers per writev(2) from a connection's queue. */
#define MAX_BUFFERS 64

struct stream {
  struct source source;
  size_t window;
  bool connecting;
  bool reading;
  /* Its FIN, or what broke it, is in the batch: it is told once, also if JavaScript asks for more before it hears of it. */
  bool has_ended;
  /* Its chunks are given back, and their memory is read into again. */
  bool reuses;
  bool wants_room;
  /* During a flush: the index of its latest operation, or -1. */
  int32_t last_operation;
  /*
   * What broke the connection, or 0. The kernel reports it only once, to recv(2) or to send(2); later sends get
   * EPIPE.
   */
  int error;
};

SOURCE_COMES_FIRST(stream);

static uint32_t wanted(const struct stream *stream) {
  return (stream->reading ? EPOLLIN : 0) | (stream->wants_room || stream->connecting ? EPOLLOUT : 0);
}

static void end_input(struct stream *stream) {
  stream->reading = false;
  stream->has_ended = true;
}

static bool fail(struct engine *engine, struct stream *stream, int error) {
  end_input(stream);
  stream->error = error;
  push_event(engine, &stream->source, KIND_FAILED, error, 0);
  return false;
}

static bool push_chunk(struct engine *engine, struct stream *stream, struct slab *slab, size_t length) {
  int32_t number = slab_number(engine, slab);
  /* Fail, since these bytes cannot be delivered, and a gap in the data would go unnoticed. */
  if (number < 0) return fail(engine, stream, EIO);
  int32_t offset = slab_take(slab, length);
  if (offset < 0) return fail(engine, stream, EIO);
  int32_t kind = slab->in_use == NULL ? KIND_CHUNK : KIND_REUSED;
  push_event(engine, &stream->source, kind | number << KIND_BITS, offset, (int32_t)length);
  if (slab->in_use != NULL) ++*slab->in_use;
  return true;
}

static bool took(
    struct engine *engine, struct stream *stream, struct slab *slab, const uint8_t *data, size_t length) {
  bool is_short = slab == &engine->large && length < COPY_BELOW;
  stream->window = length < SMALL_READ ? SMALL_READ : length < LARGE_READ ? LARGE_READ : WHOLE_READ;
  engine->batch_bytes += length;
  uint8_t *copy = is_short ? slab_reserve(engine, &engine->small, length) : NULL;
  if (copy != NULL) memcpy(copy, data, length);
  return push_chunk(engine, stream, copy == NULL ? slab : &engine->small, length);
}

/*
 * Calls recv(2) once per turn and connection: the rest is reported again, after other connections had their turn.
 * Returns whether the connection is still usable.
 */
static bool read_some(struct engine *engine, struct stream *stream) {
  size_t window = stream->window;
  size_t least = window > LARGE_READ ? LARGE_READ : window;
  struct slab *slab = window > SMALL_READ ? &engine->large : &engine->small;
  if (stream->reuses) slab = slab_reused(engine, least);
  uint8_t *data = slab_reserve(engine, slab, least);
  if (data == NULL) return fail(engine, stream, ENOMEM);
  if (window > slab_room(slab)) window = slab_room(slab);
  ssize_t length = recv(stream->source.fd, data, window, 0);
  if (length < 0) return errno == EAGAIN || errno == EINTR || fail(engine, stream, errno);
  if (length > 0) return took(engine, stream, slab, data, (size_t)length);
  end_input(stream);
  push_event(engine, &stream->source, KIND_END, 0, 0);
  return true;
}

static void connected(struct engine *engine, struct stream *stream) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(stream->source.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  stream->connecting = false;
  push_event(engine, &stream->source, KIND_CONNECTED, error, 0);
}

/*
 * Changes of what is wanted cost no system call: the epoll set is updated only when it reports something unwanted.
 * Most changes are undone before that, or end with close(2).
 */
static void on_ready(struct engine *engine, struct source *source, uint32_t events) {
  struct stream *stream = SOURCE_AS(stream, SOURCE_STREAM, source);
  ENSURE(stream != NULL);
  if (stream->connecting) {
    connected(engine, stream);
    source_arm(engine, source, wanted(stream));
    return;
  }
  bool can_read = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && stream->reading;
  bool has_room = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && stream->wants_room;
  /* Read first: it reports what is wrong with the connection, where writing could only report EPIPE. */
  if (can_read && !read_some(engine, stream)) return;
  if (has_room) {
    stream->wants_room = false;
    push_event(engine, source, KIND_WRITABLE, 0, 0);
  }
  if (!can_read && !has_room) source_arm(engine, source, wanted(stream));
}

/* Takes ownership of the descriptor. On failure it is closed, and NULL returned. */
static struct stream *create(struct engine *engine, int fd) {
  struct stream *stream = calloc(1, sizeof *stream);
  if (stream != NULL && source_open(engine, &stream->source, SOURCE_STREAM, fd, on_ready, 2)) {
    stream->window = SMALL_READ;
    stream->last_operation = -1;
    return stream;
  }
  free(stream);
  close(fd);
  return NULL;
}

int32_t stream_adopt(struct engine *engine, int fd) {
  struct stream *stream = create(engine, fd);
  return stream == NULL ? -1 : stream->source.slot;
}

static struct stream *stream_of(const struct engine *engine, napi_value slot) {
  return SOURCE_AS(stream, SOURCE_STREAM, source_of(engine, slot));
}

/* Returns how many bytes were sent, fewer than all if there is no room, and -errno on failure. */
static ssize_t transmit(const struct stream *stream, struct iovec *parts, size_t count) {
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  ssize_t taken;
  if (stream->error != 0) return -stream->error;
  do {
    /* MSG_NOSIGNAL: a disconnected peer is an error, not a signal that ends the process. */
    taken = count == 1 ? send(stream->source.fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                       : sendmsg(stream->source.fd, &message, MSG_NOSIGNAL);
  } while (taken < 0 && errno == EINTR);
  if (taken >= 0) return taken;
  return errno == EAGAIN ? 0 : -errno;
}

/* Returns how many operations JavaScript has gathered. */
static int32_t gathered(const struct engine *engine) {
  int32_t count = engine->header[HEADER_OPERATIONS];
  ENSURE(count >= 0 && count <= MAX_OPERATIONS);
  return count;
}

/* Returns NULL for an operation of a closed stream. */
static struct stream *stream_of_operation(const struct engine *engine, int32_t index) {
  int32_t slot = row(engine->operations, index)[0];
  struct stream *stream = SOURCE_AS(stream, SOURCE_STREAM, source_at(engine, slot));
  INVARIANT(stream != NULL || slot == NO_SLOT);
  return stream;
}

/*
 * Drops what is left for a closed stream: JavaScript flushes before it closes one. Bytes of one connection must never
 * be sent on another one that gets its slot.
 */
void stream_drop(struct engine *engine, int32_t slot) {
  if (engine->header == NULL) return;
  for (int32_t index = gathered(engine) - 1; index >= 0; index--) {
    int32_t *operation = row(engine->operations, index);
    if (operation[0] == slot) operation[0] = NO_SLOT;
  }
}

/* Links the operations of each stream: `next` is the index of the following one, `first` marks the beginning. */
static void chain(const struct engine *engine, int32_t count, int32_t *next, bool *first) {
  for (int32_t index = 0; index < count; index++) {
    struct stream *stream = stream_of_operation(engine, index);
    next[index] = -1;
    first[index] = stream != NULL && stream->last_operation < 0;
    if (stream == NULL) continue;
    if (!first[index]) next[stream->last_operation] = index;
    stream->last_operation = index;
  }
}

static void send_row(struct engine *engine, int32_t index, const int32_t *next) {
  struct iovec parts[MAX_OPERATIONS];
  size_t count = 0, total = 0;
  struct stream *stream = stream_of_operation(engine, index);
  ENSURE(stream != NULL);
  stream->last_operation = -1;
  for (; index >= 0; index = next[index]) {
    const int32_t *operation = row(engine->operations, index);
    ENSURE(is_within(operation[1], operation[2], OUT_BYTES));
    uint8_t *memory = engine->out + operation[1];
    size_t length = (size_t)operation[2];
    bool continues = count > 0 && (uint8_t *)parts[count - 1].iov_base + parts[count - 1].iov_len == memory;
    if (continues) parts[count - 1].iov_len += length;
    else parts[count++] = (struct iovec){memory, length};
    total += length;
  }
  ssize_t taken = transmit(stream, parts, count);
  if (taken == (ssize_t)total) return;
  int32_t stalls = engine->header[HEADER_STALLS]++;
  ENSURE(stalls >= 0 && stalls < MAX_OPERATIONS);
  int32_t *stall = row(engine->stalls, stalls);
  stall[0] = stream->source.slot;
  stall[1] = taken < 0 ? 0 : (int32_t)taken;
  stall[2] = taken < 0 ? (int32_t)-taken : 0;
}

/* Sends the gathered writes: one call per stream, in the order of writing. */
void stream_flush(struct engine *engine) {
  int32_t count = gathered(engine);
  int32_t next[MAX_OPERATIONS];
  bool first[MAX_OPERATIONS];
  engine->header[HEADER_STALLS] = 0;
  chain(engine, count, next, first);
  for (int32_t index = 0; index < count; index++) {
    if (first[index]) send_row(engine, index, next);
  }
  engine->header[HEADER_FLUSHED] = count;
  engine->header[HEADER_OPERATIONS] = 0;
}

/* flush(): how many streams stalled */
static napi_value flush(napi_env env, napi_callback_info info) {
  ARGUMENTS(0);
  if (engine->header == NULL) return number(env, 0);
  stream_flush(engine);
  return number(env, engine->header[HEADER_STALLS]);
}

/* send(slot, bytes): the number of sent bytes, or -errno */
static napi_value send_one(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct stream *stream = stream_of(engine, arguments[0]);
  struct iovec part;
  if (stream == NULL) return number(env, -EBADF);
  NAPI(env, napi_get_buffer_info(env, arguments[1], &part.iov_base, &part.iov_len), NULL);
  return number(env, transmit(stream, &part, 1));
}

/*
 * sendQueue(slot, buffers, offset in the first): the number of sent bytes, or -errno. Uses as many buffers as one
 * call takes.
 */
static napi_value send_queue(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  struct stream *stream = stream_of(engine, arguments[0]);
  struct iovec parts[MAX_BUFFERS];
  uint32_t count;
  int64_t start;
  if (stream == NULL) return number(env, -EBADF);
  NAPI(env, napi_get_array_length(env, arguments[1], &count), NULL);
  /* The offset may exceed an int32. */
  NAPI(env, napi_get_value_int64(env, arguments[2], &start), NULL);
  if (count == 0 || start < 0) return number(env, -EINVAL);
  if (count > MAX_BUFFERS) count = MAX_BUFFERS;
  for (uint32_t index = 0; index < count; index++) {
    napi_value buffer;
    NAPI(env, napi_get_element(env, arguments[1], index, &buffer), NULL);
    NAPI(env, napi_get_buffer_info(env, buffer, &parts[index].iov_base, &parts[index].iov_len), NULL);
  }
  size_t offset = (size_t)start;
  /* The program may have transferred the memory meanwhile: then there is nothing to send. */
  if (offset > parts[0].iov_len) offset = parts[0].iov_len;
  parts[0].iov_base = (uint8_t *)parts[0].iov_base + offset;
  parts[0].iov_len -= offset;
  return number(env, transmit(stream, parts, count));
}

/* awaitRoom(slot): an event of kind `writable` follows. 0, or errno */
static napi_value await_room(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  struct stream *stream = stream_of(engine, arguments[0]);
  if (stream == NULL) return number(env, EBADF);
  stream->wants_room = true;
  return number(env, source_arm(engine, &stream->source, stream->source.armed | EPOLLOUT));
}

/* setReading(slot, whether): starts or stops reading. 0, or errno */
static napi_value set_reading(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct stream *stream = stream_of(engine, arguments[0]);
  if (stream == NULL) return number(env, EBADF);
  bool reading;
  NAPI(env, napi_get_value_bool(env, arguments[1], &reading), NULL);
  stream->reading = reading && !stream->has_ended;
  /* A slow reader gets no more at a time than it asks for. */
  if (!stream->reading && stream->window > LARGE_READ) stream->window = LARGE_READ;
  if (!stream->reading || (stream->source.armed & EPOLLIN) != 0) return number(env, 0);
  return number(env, source_arm(engine, &stream->source, stream->source.armed | EPOLLIN));
}

/* setReusing(slot, whether): whether the memory of its chunks is read into again. 0, or errno */
static napi_value set_reusing(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct stream *stream = stream_of(engine, arguments[0]);
  if (stream == NULL) return number(env, EBADF);
  NAPI(env, napi_get_value_bool(env, arguments[1], &stream->reuses), NULL);
  return number(env, 0);
}

/* shutdown(slot): sends FIN. 0, or errno */
static napi_value shutdown_write(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  struct stream *stream = stream_of(engine, arguments[0]);
  if (stream == NULL) return number(env, EBADF);
  return number(env, shutdown(stream->source.fd, SHUT_WR) == 0 ? 0 : errno);
}

/* close(slot, whether to send RST) */
static napi_value close_stream(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct source *source = source_of(engine, arguments[0]);
  bool with_reset;
  NAPI(env, napi_get_value_bool(env, arguments[1], &with_reset), NULL);
  if (source == NULL) return NULL;
  /* A linger time of 0 makes close(2) send RST instead of FIN (socket(7)). */
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  if (with_reset) setsockopt(source->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  source_close(engine, source);
  return NULL;
}

/* name(slot, whether of the peer): see address_to_value() */
static napi_value name(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct source *source = source_of(engine, arguments[0]);
  struct address address = {.length = sizeof address.storage};
  bool of_peer;
  NAPI(env, napi_get_value_bool(env, arguments[1], &of_peer), NULL);
  if (source == NULL) return NULL;
  int (*get)(int, struct sockaddr *, socklen_t *) = of_peer ? getpeername : getsockname;
  if (get(source->fd, (struct sockaddr *)&address.storage, &address.length) != 0) return NULL;
  return address_to_value(env, &address);
}

/* credentials(slot): [pid, uid, gid] of the peer, when it connected or listened (SO_PEERCRED, unix(7)) */
static napi_value credentials(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  struct source *source = source_of(engine, arguments[0]);
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (source == NULL || getsockopt(source->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return NULL;
  if (length != sizeof peer) return NULL;
  return credentials_to_value(env, &peer);
}

static int start_connecting(int fd, const struct address *address) {
  int status = connect(fd, (const struct sockaddr *)&address->storage, address->length);
  return status == 0 || errno == EINPROGRESS ? 0 : errno;
}

static napi_value dial(struct engine *engine, napi_value options, const struct address *address) {
  napi_env env = engine->env;
  int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  int error = options_apply(env, options, fd);
  if (error == 0) error = start_connecting(fd, address);
  if (error != 0) {
    close(fd);
    return number(env, -error);
  }
  struct stream *stream = create(engine, fd);
  if (stream == NULL) return number(env, -ENOMEM);
  stream->connecting = true;
  error = source_arm(engine, &stream->source, EPOLLOUT);
  if (error == 0) return number(env, stream->source.slot);
  source_close(engine, &stream->source);
  return number(env, -error);
}

/* connectIp(options, host, port), connectPath(options, path): the slot, or -errno. An event `connected` follows. */
static napi_value connect_ip(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  struct address address;
  int32_t port;
  NAPI(env, napi_get_value_int32(env, arguments[2], &port), NULL);
  if (!address_from_ip(env, arguments[1], port, &address)) return number(env, -EINVAL);
  return dial(engine, arguments[0], &address);
}

static napi_value connect_path(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct address address;
  if (!address_from_path(env, arguments[1], &address)) return number(env, -ENAMETOOLONG);
  return dial(engine, arguments[0], &address);
}

bool stream_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "flush", flush) &&
         define(engine, exports, "send", send_one) &&
         define(engine, exports, "sendQueue", send_queue) &&
         define(engine, exports, "awaitRoom", await_room) &&
         define(engine, exports, "setReading", set_reading) &&
         define(engine, exports, "setReusing", set_reusing) &&
         define(engine, exports, "shutdown", shutdown_write) &&
         define(engine, exports, "close", close_stream) &&
         define(engine, exports, "name", name) &&
         define(engine, exports, "credentials", credentials) &&
         define(engine, exports, "connectIp", connect_ip) &&
         define(engine, exports, "connectPath", connect_path);
}
