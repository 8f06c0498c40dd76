/*
 * Datagram sockets, UDP and Unix. Arrived datagrams are read into the batch; sent ones are passed to the kernel at
 * once.
 */
#include "engine.h"
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>
#include <sys/un.h>

/* Datagrams per recvmmsg(2). The queue of a Unix socket has ten or eleven places; that of UDP is limited in bytes. */
#define MAX_RECEIVED 32
/* Datagrams that one socket may add to a batch, so that other sockets get their turn. */
#define BUDGET 256
/*
 * The longest datagram; the rest of a longer one is lost. More than the send buffer of a Unix socket holds by
 * default.
 */
#define MAX_DATAGRAM ((size_t)256 * 1024)
/* Windows are multiples of this, which keeps the delivered data aligned. */
#define WINDOW_STEP 64
#define FIRST_WINDOW 512
#define LARGEST_WINDOW ((size_t)64 * 1024)
/* Larger windows are taken from large slabs. */
#define SMALL_WINDOW 8192
/* A window shrinks after this many calls in which no datagram filled half of it. */
#define SHRINK_AFTER 8
/* In a window this many times its size, a datagram is copied out, so that keeping it does not keep the whole slab. */
#define COPY_RATIO 4

struct datagram_socket {
  struct source source;
  bool reading;
  bool wants_room;
  bool is_unix;
  bool has_credentials;
  bool may_segment;
  /* How many ns the engine may poll for more datagrams before it sleeps. */
  int64_t spin;
  /* The expected size of the next datagrams. Longer ones cost a copy. */
  size_t window;
  size_t longest;
  int calls_below;
  /* The credentials that JavaScript knows. */
  struct ucred last;
};

/* Stands for missing credentials; no process has this number. */
static const struct ucred NOBODY = {.pid = -1};

/* A union, so that the buffer is aligned for its header (cmsg(3)). */
union control {
  struct cmsghdr header;
  /*
   * Room for the credentials, which the kernel puts first, and for nothing else. So file descriptors that a peer
   * sends are never installed: the kernel releases them (scm_detach_fds, unix(7)).
   */
  uint8_t bytes[CMSG_SPACE(sizeof(struct ucred))];
};

/* The buffers for recvmmsg(2), allocated with the first datagram socket. */
struct intake {
  struct mmsghdr messages[MAX_RECEIVED];
  struct iovec parts[MAX_RECEIVED][2];
  struct address senders[MAX_RECEIVED];
  union control controls[MAX_RECEIVED];
  /* Only datagrams that are longer than expected touch these pages. */
  uint8_t tails[MAX_RECEIVED][MAX_DATAGRAM];
};

SOURCE_COMES_FIRST(datagram_socket);
_Static_assert(
    MAX_DATAGRAM < 1 << DATAGRAM_BITS && LARGE_SLAB < 1 << DATAGRAM_BITS && DATAGRAM_BITS + PLACE_BITS < 31,
    "an event has no room for a datagram and its sender");
_Static_assert(3 * MAX_RECEIVED + 1 <= MAX_EVENTS, "a batch has no room for the datagrams of one call");

static struct datagram_socket *socket_of(const struct engine *engine, napi_value slot) {
  return SOURCE_AS(datagram_socket, SOURCE_DATAGRAM, source_of(engine, slot));
}

static uint32_t wanted(const struct datagram_socket *socket) {
  return (socket->reading ? EPOLLIN : 0) | (socket->wants_room ? EPOLLOUT : 0);
}

static struct slab *slab_of(struct engine *engine, const struct datagram_socket *socket) {
  return socket->window <= SMALL_WINDOW ? &engine->small : &engine->large;
}

/* Prepares the windows in the slab at `data`. @returns their number */
static int prepare(struct engine *engine, const struct datagram_socket *socket, uint8_t *data, size_t room) {
  struct intake *intake = engine->intake;
  int count = 0;
  for (; count < MAX_RECEIVED && room >= socket->window; count++, room -= socket->window) {
    struct msghdr *message = &intake->messages[count].msg_hdr;
    intake->parts[count][0] = (struct iovec){data + (size_t)count * socket->window, socket->window};
    intake->parts[count][1] = (struct iovec){intake->tails[count], MAX_DATAGRAM - socket->window};
    *message = (struct msghdr){
        .msg_name = &intake->senders[count].storage,
        .msg_namelen = sizeof intake->senders[count].storage,
        .msg_iov = intake->parts[count],
        .msg_iovlen = 2,
        .msg_control = socket->has_credentials ? &intake->controls[count] : NULL,
        .msg_controllen = socket->has_credentials ? sizeof intake->controls[count] : 0,
    };
  }
  return count;
}

static bool is_same(const struct ucred *left, const struct ucred *right) {
  return left->pid == right->pid && left->uid == right->uid && left->gid == right->gid;
}

/*
 * Pushes an event if the credentials differ from those of the previous datagram. It says so if there are none, or if
 * they cannot be passed on: nobody must be taken for the previous sender.
 */
static void push_credentials(struct engine *engine, struct datagram_socket *socket, struct msghdr *message) {
  struct ucred found = NOBODY;
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  bool has_some = header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS;
  if (has_some && header->cmsg_len >= CMSG_LEN(sizeof found)) memcpy(&found, CMSG_DATA(header), sizeof found);
  if (is_same(&found, &socket->last)) return;
  napi_value value = is_same(&found, &NOBODY) ? NULL : credentials_to_value(engine->env, &found);
  int32_t number = value == NULL ? -1 : batch_value(engine, value);
  socket->last = number < 0 ? NOBODY : found;
  push_event(engine, &socket->source, KIND_CREDENTIALS, number, 0);
}

/* Where the data of a datagram is: the number of the memory, and the offset there. -1 if there is no place. */
struct place {
  int32_t slab;
  int32_t offset;
};

#define NOWHERE ((struct place){-1, -1})

/* Copies a datagram that is much smaller than its window. */
static struct place copy_small(struct engine *engine, const uint8_t *data, size_t length) {
  uint8_t *copy = slab_reserve(engine, &engine->small, length);
  if (copy == NULL) return NOWHERE;
  memcpy(copy, data, length);
  return (struct place){slab_number(engine, &engine->small), slab_take(&engine->small, length)};
}

/* Joins window and tail of a datagram that is longer than expected, in memory of its own. */
static struct place join(struct engine *engine, const struct iovec *parts, size_t length) {
  void *data;
  napi_value buffer;
  if (!fresh_memory(engine->env, length, &data, &buffer)) return NOWHERE;
  memcpy(data, parts[0].iov_base, parts[0].iov_len);
  memcpy((uint8_t *)data + parts[0].iov_len, parts[1].iov_base, length - parts[0].iov_len);
  return (struct place){batch_value(engine, buffer), 0};
}

/* Whether the data of a datagram stays in its window: it is not longer, and not much smaller. */
static bool stays(const struct datagram_socket *socket, size_t length) {
  return length <= socket->window && (socket->window <= SMALL_WINDOW || length * COPY_RATIO >= socket->window);
}

/* Takes the windows of `count` datagrams, up to the last that stays in its own. @returns their offset, or -1 */
static int32_t take_windows(
    const struct engine *engine, const struct datagram_socket *socket, struct slab *slab, int count) {
  while (count > 0 && !stays(socket, engine->intake->messages[count - 1].msg_len)) count--;
  return slab_take(slab, (size_t)count * socket->window);
}

/* Pushes the events of a datagram. @param start the offset of the first window */
static void deliver(
    struct engine *engine, struct datagram_socket *socket, int index, struct slab *slab, int32_t start) {
  struct intake *intake = engine->intake;
  struct mmsghdr *message = &intake->messages[index];
  const struct iovec *parts = intake->parts[index];
  size_t length = message->msg_len;
  if (socket->has_credentials) push_credentials(engine, socket, &message->msg_hdr);
  struct address *from = &intake->senders[index];
  /* A path of 108 bytes arrives with a NUL byte appended, which send(2) would not accept. */
  socklen_t most = socket->is_unix ? sizeof(struct sockaddr_un) : sizeof from->storage;
  from->length = message->msg_hdr.msg_namelen < most ? message->msg_hdr.msg_namelen : most;
  int32_t sender = sender_place(engine, &socket->source, from) + 1;
  struct place place = NOWHERE;
  if (stays(socket, length))
    place = (struct place){slab_number(engine, slab), start + index * (int32_t)socket->window};
  else if (length <= socket->window) place = copy_small(engine, parts[0].iov_base, length);
  else if (length <= MAX_DATAGRAM) place = join(engine, parts, length);
  if (place.slab < 0 || place.offset < 0) {
    push_event(engine, &socket->source, KIND_FAILED, ENOMEM, 0);
    return;
  }
  int32_t kind = KIND_DATAGRAM | place.slab << KIND_BITS;
  int32_t is_cut = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0;
  push_event(
      engine, &socket->source, kind, place.offset | is_cut << DATAGRAM_BITS,
      (int32_t)length | sender << DATAGRAM_BITS);
  if (length > socket->longest) socket->longest = length;
  engine->batch_bytes += length;
}

/* Adapts the window: it grows at once when it was too small, and shrinks later when it is too large. */
static void adapt(struct datagram_socket *socket) {
  size_t fitting = (socket->longest + WINDOW_STEP - 1) / WINDOW_STEP * WINDOW_STEP;
  if (fitting == 0) fitting = WINDOW_STEP;
  if (fitting > LARGEST_WINDOW) fitting = LARGEST_WINDOW;
  bool is_below = fitting <= socket->window / 2;
  socket->calls_below = is_below ? socket->calls_below + 1 : 0;
  if (fitting > socket->window || socket->calls_below == SHRINK_AFTER) {
    socket->window = fitting;
    socket->calls_below = 0;
  }
  socket->longest = 0;
}

/* @returns how many datagrams were received, of at most `asked`; -1 if there are no more for now */
static int receive(struct engine *engine, struct datagram_socket *socket, int *asked) {
  struct slab *slab = slab_of(engine, socket);
  uint8_t *data = slab_reserve(engine, slab, socket->window);
  if (data == NULL) {
    push_event(engine, &socket->source, KIND_FAILED, ENOMEM, 0);
    return -1;
  }
  *asked = prepare(engine, socket, data, slab_room(slab));
  int count = recvmmsg(socket->source.fd, engine->intake->messages, (unsigned)*asked, 0, NULL);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) push_event(engine, &socket->source, KIND_FAILED, errno, 0);
    return -1;
  }
  int32_t start = take_windows(engine, socket, slab, count);
  if (start < 0) {
    push_event(engine, &socket->source, KIND_FAILED, EIO, 0);
    return -1;
  }
  for (int index = 0; index < count; index++) deliver(engine, socket, index, slab, start);
  adapt(socket);
  return count;
}

static void receive_all(struct engine *engine, struct datagram_socket *socket) {
  for (int total = 0; total < BUDGET && engine->batch_bytes < BATCH_BYTES;) {
    if (engine->event_count + socket->source.most_events > MAX_EVENTS) return;
    int asked = 0;
    int count = receive(engine, socket, &asked);
    if (count < 0) return;
    total += count;
    if (socket->spin > engine->spin) engine->spin = socket->spin;
    /* The queue is empty. Another call, only to confirm that, would cost as much as the next batch. */
    if (count < asked) return;
  }
}

static void on_ready(struct engine *engine, struct source *source, uint32_t events) {
  struct datagram_socket *socket = SOURCE_AS(datagram_socket, SOURCE_DATAGRAM, source);
  ENSURE(socket != NULL);
  if ((events & EPOLLOUT) != 0 && socket->wants_room) {
    socket->wants_room = false;
    push_event(engine, source, KIND_WRITABLE, 0, 0);
  }
  if (socket->reading && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    receive_all(engine, socket);
  } else if ((events & EPOLLERR) != 0) {
    int error = 0;
    socklen_t length = sizeof error;
    /* Reading the error clears it; otherwise it would be reported again and again. */
    if (getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error != 0)
      push_event(engine, source, KIND_FAILED, error, 0);
  }
  source_arm(engine, source, wanted(socket));
}

/* openDatagram(family: 4, 6 or UNIX_FAMILY; options; spin in microseconds): the slot, or -errno */
static napi_value open_datagram(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  int32_t kind, spin;
  NAPI(env, napi_get_value_int32(env, arguments[0], &kind), NULL);
  NAPI(env, napi_get_value_int32(env, arguments[2], &spin), NULL);
  int family = kind == 4 ? AF_INET : kind == 6 ? AF_INET6 : kind == UNIX_FAMILY ? AF_UNIX : AF_UNSPEC;
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  int error = options_apply(env, arguments[1], fd);
  struct datagram_socket *socket = calloc(1, sizeof *socket);
  if (engine->intake == NULL) engine->intake = malloc(sizeof *engine->intake);
  if (error == 0 && (socket == NULL || engine->intake == NULL)) error = ENOMEM;
  /* A datagram has at most three events: its sender, its credentials, and itself. */
  if (error == 0 && !source_open(engine, &socket->source, SOURCE_DATAGRAM, fd, on_ready, 3 * MAX_RECEIVED + 1)) error = ENOMEM;
  if (error != 0) {
    close(fd);
    free(socket);
    return number(env, -error);
  }
  int passes = 0, segment = 0;
  socklen_t length = sizeof passes;
  /* A kernel before 4.18 does not know the option, and would ignore it in a message instead of refusing it. */
  socket->may_segment = getsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, &length) == 0;
  length = sizeof passes;
  socket->is_unix = family == AF_UNIX;
  if (socket->is_unix) getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &passes, &length);
  socket->has_credentials = passes != 0;
  socket->last = NOBODY;
  socket->window = FIRST_WINDOW;
  socket->spin = (int64_t)spin * 1000;
  return number(env, socket->source.slot);
}

/* Whether several datagrams may be passed to the kernel as one message, which it splits. */
bool datagram_may_segment(struct source *source) {
  const struct datagram_socket *socket = SOURCE_AS(datagram_socket, SOURCE_DATAGRAM, source);
  return socket != NULL && socket->may_segment;
}

void datagram_send_whole(struct source *source) {
  struct datagram_socket *socket = SOURCE_AS(datagram_socket, SOURCE_DATAGRAM, source);
  if (socket != NULL) socket->may_segment = false;
}

static napi_value bind_or_connect(
    struct engine *engine, napi_value slot, const struct address *address,
    int (*act)(int, const struct sockaddr *, socklen_t)) {
  const struct datagram_socket *socket = socket_of(engine, slot);
  if (socket == NULL) return number(engine->env, EBADF);
  int status = act(socket->source.fd, (const struct sockaddr *)&address->storage, address->length);
  return number(engine->env, status == 0 ? 0 : errno);
}

/* bindIp(slot, host, port), dialIp(slot, host, port): 0, or errno */
static napi_value bind_ip(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  struct address address;
  int32_t port;
  NAPI(env, napi_get_value_int32(env, arguments[2], &port), NULL);
  if (!address_from_ip(env, arguments[1], port, &address)) return number(env, EINVAL);
  return bind_or_connect(engine, arguments[0], &address, bind);
}

static napi_value dial_ip(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  struct address address;
  int32_t port;
  NAPI(env, napi_get_value_int32(env, arguments[2], &port), NULL);
  if (!address_from_ip(env, arguments[1], port, &address)) return number(env, EINVAL);
  return bind_or_connect(engine, arguments[0], &address, connect);
}

/*
 * bindPath(slot, path), dialPath(slot, path): 0, or errno. With an empty path the system chooses a name (autobind,
 * unix(7)).
 */
static napi_value bind_path(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct address address;
  if (!address_from_path(env, arguments[1], &address)) {
    size_t length;
    void *data;
    NAPI(env, napi_get_buffer_info(env, arguments[1], &data, &length), NULL);
    if (length > 0) return number(env, ENAMETOOLONG);
    address.storage.ss_family = AF_UNIX;
    address.length = sizeof address.storage.ss_family;
  }
  return bind_or_connect(engine, arguments[0], &address, bind);
}

static napi_value dial_path(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct address address;
  if (!address_from_path(env, arguments[1], &address)) return number(env, ENAMETOOLONG);
  return bind_or_connect(engine, arguments[0], &address, connect);
}

/* setReceiving(slot, whether): 0, or errno */
static napi_value set_receiving(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  struct datagram_socket *socket = socket_of(engine, arguments[0]);
  if (socket == NULL) return number(env, EBADF);
  NAPI(env, napi_get_value_bool(env, arguments[1], &socket->reading), NULL);
  return number(env, source_arm(engine, &socket->source, wanted(socket)));
}

/* awaitSendRoom(slot): an event of kind `writable` follows. 0, or errno */
static napi_value await_send_room(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  struct datagram_socket *socket = socket_of(engine, arguments[0]);
  if (socket == NULL) return number(env, EBADF);
  socket->wants_room = true;
  return number(env, source_arm(engine, &socket->source, wanted(socket)));
}

static napi_value transmit(
    struct engine *engine, napi_value slot, napi_value data, const struct address *address) {
  napi_env env = engine->env;
  const struct datagram_socket *socket = socket_of(engine, slot);
  void *bytes;
  size_t length;
  if (socket == NULL) return number(env, EBADF);
  NAPI(env, napi_get_buffer_info(env, data, &bytes, &length), NULL);
  const struct sockaddr *to = address == NULL ? NULL : (const struct sockaddr *)&address->storage;
  ssize_t sent;
  do {
    sent = sendto(socket->source.fd, bytes, length, MSG_NOSIGNAL, to, address == NULL ? 0 : address->length);
  } while (sent < 0 && errno == EINTR);
  return number(env, sent < 0 ? errno : 0);
}

/* sendDatagram(slot, bytes, token): 0, or errno. Token 0 is the peer. ESTALE if the token is not valid any more. */
static napi_value send_datagram(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  int32_t token;
  NAPI(env, napi_get_value_int32(env, arguments[2], &token), NULL);
  const struct address *address = token == 0 ? NULL : sender_address(engine, (uint32_t)token);
  if (token != 0 && address == NULL) return number(env, ESTALE);
  return transmit(engine, arguments[0], arguments[1], address);
}

/* sendDatagramToIp(slot, bytes, host, port), sendDatagramToPath(slot, bytes, path): 0, or errno */
static napi_value send_to_ip(napi_env env, napi_callback_info info) {
  ARGUMENTS(4);
  struct address address;
  int32_t port;
  NAPI(env, napi_get_value_int32(env, arguments[3], &port), NULL);
  if (!address_from_ip(env, arguments[2], port, &address)) return number(env, EINVAL);
  return transmit(engine, arguments[0], arguments[1], &address);
}

static napi_value send_to_path(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  struct address address;
  if (!address_from_path(env, arguments[2], &address)) return number(env, ENAMETOOLONG);
  return transmit(engine, arguments[0], arguments[1], &address);
}

/*
 * kernelDrops(slot): datagrams dropped because the queue was full, or -errno. Unlike SO_RXQ_OVFL it includes the
 * latest.
 */
static napi_value kernel_drops(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  const struct datagram_socket *socket = socket_of(engine, arguments[0]);
  uint32_t numbers[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof numbers;
  if (socket == NULL) return number(env, -EBADF);
  if (getsockopt(socket->source.fd, SOL_SOCKET, SO_MEMINFO, numbers, &length) != 0) return number(env, -errno);
  /* An emulated kernel may know the option and return nothing. */
  if (length <= SK_MEMINFO_DROPS * sizeof *numbers) return number(env, -ENOPROTOOPT);
  return number(env, numbers[SK_MEMINFO_DROPS]);
}

/* descriptor(slot): the file descriptor, or -1 */
static napi_value descriptor(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  const struct source *source = source_of(engine, arguments[0]);
  return number(env, source == NULL ? -1 : source->fd);
}

bool datagram_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "openDatagram", open_datagram) &&
         define(engine, exports, "bindIp", bind_ip) &&
         define(engine, exports, "dialIp", dial_ip) &&
         define(engine, exports, "bindPath", bind_path) &&
         define(engine, exports, "dialPath", dial_path) &&
         define(engine, exports, "setReceiving", set_receiving) &&
         define(engine, exports, "awaitSendRoom", await_send_room) &&
         define(engine, exports, "sendDatagram", send_datagram) &&
         define(engine, exports, "sendDatagramToIp", send_to_ip) &&
         define(engine, exports, "sendDatagramToPath", send_to_path) &&
         define(engine, exports, "kernelDrops", kernel_drops) &&
         define(engine, exports, "descriptor", descriptor);
}
