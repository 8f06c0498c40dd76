/*
 * The floor: what a server costs that does nothing but its system calls and the checks of `workload.ts`. Arguments: transport,
 * path, workload. See `peers.ts` for how it talks to its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PERIOD = 65521, CHUNK = 65536, BATCH = 64, HEADER = 8, ANSWER_AT = 6, CLIENT_AT = 4 };

struct connection {
  int fd;
  size_t position; /* of the next byte, in a sink */
  char *rest;      /* what could not be written yet; nothing is read meanwhile */
  size_t rest_length;
};

static char pattern[PERIOD + CHUNK];
static char buffers[BATCH][CHUNK];
static bool is_sink;
static int loop;
static struct { size_t messages, bytes; const char *fault; uint32_t next[65536]; } report;

/* The same bytes as in `message.ts`. */
static void fill_pattern(void) {
  uint32_t state = 0;
  for (size_t at = 0; at < sizeof pattern; at++) {
    state = state * 1664525 + 1013904223;
    pattern[at] = at < PERIOD ? (char)(state >> 24) : pattern[at - PERIOD];
  }
}

static void require(bool ok, const char *what) {
  if (!ok) perror(what), exit(1);
}

static void watch(int operation, int fd, uint32_t events, void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  require(epoll_ctl(loop, operation, fd, &event) == 0, "epoll_ctl");
}

static void close_connection(struct connection *connection) {
  close(connection->fd);
  free(connection->rest);
  free(connection);
}

static void check_chunk(struct connection *connection, const char *chunk, size_t length) {
  if (memcmp(chunk, pattern + connection->position % PERIOD, length) != 0) report.fault = "the server got wrong bytes";
  connection->position += length;
  report.bytes += length;
}

/* Writes, and keeps what finds no room. After an error the next read ends the connection. */
static void echo(struct connection *connection, const char *data, size_t length) {
  char *kept = connection->rest;
  ssize_t written = send(connection->fd, data, length, MSG_NOSIGNAL);
  size_t done = written >= 0 ? (size_t)written : errno == EAGAIN ? 0 : length;
  connection->rest_length = length - done;
  connection->rest = done < length ? memcpy(malloc(length - done), data + done, length - done) : NULL;
  if ((kept == NULL) != (connection->rest == NULL))
    watch(EPOLL_CTL_MOD, connection->fd, kept == NULL ? EPOLLOUT : EPOLLIN, connection);
  free(kept);
}

static void serve(struct connection *connection) {
  if (connection->rest != NULL) return echo(connection, connection->rest, connection->rest_length);
  ssize_t length = recv(connection->fd, buffers[0], CHUNK, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) return close_connection(connection);
  if (is_sink) check_chunk(connection, buffers[0], (size_t)length);
  else echo(connection, buffers[0], (size_t)length);
}

static void accept_all(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, connection);
  }
}

/* Checks a datagram as `workload.ts` does. Returns the length of the answer. */
static size_t check_datagram(const char *message, size_t length) {
  report.messages += 1;
  report.bytes += length;
  uint32_t sequence;
  uint16_t client;
  memcpy(&sequence, message, sizeof sequence);
  memcpy(&client, message + CLIENT_AT, sizeof client);
  const char *known = pattern + client % PERIOD + HEADER;
  bool is_intact = length >= HEADER && memcmp(message + HEADER, known, length - HEADER) == 0;
  if (!is_intact) report.fault = "the server got a damaged datagram";
  else if (sequence < report.next[client]) report.fault = "the server got a datagram again, or late";
  report.next[client] = sequence + 1;
  return message[ANSWER_AT] == 1 ? HEADER : 0;
}

static void serve_datagrams(int fd) {
  static struct mmsghdr in[BATCH], out[BATCH];
  static struct iovec parts[BATCH], answers[BATCH];
  static struct sockaddr_storage names[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){buffers[i], CHUNK};
    in[i].msg_hdr = (struct msghdr){
        .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  int count = recvmmsg(fd, in, BATCH, 0, NULL), ready = 0;
  for (int i = 0; i < count; i++) {
    size_t length = is_sink ? check_datagram(buffers[i], in[i].msg_len) : in[i].msg_len;
    if (length == 0) continue;
    answers[ready] = (struct iovec){buffers[i], length};
    out[ready].msg_hdr = in[i].msg_hdr;
    out[ready].msg_hdr.msg_iov = &answers[ready];
    ready += 1;
  }
  /* If a client's queue is full, its answer is lost, and the client counts that. */
  for (int from = 0, sent; from < ready; from += sent > 0 ? sent : 1)
    sent = sendmmsg(fd, out + from, (unsigned)(ready - from), 0);
}

/* Answers each byte from the parent with a report, and ends with it. */
static void tell_parent(void) {
  char byte;
  if (read(0, &byte, 1) <= 0) exit(0);
  printf("{\"messages\":%zu,\"bytes\":%zu", report.messages, report.bytes);
  if (report.fault != NULL) printf(",\"fault\":\"%s\"", report.fault);
  printf("}\n");
  fflush(stdout);
  memset(&report, 0, sizeof report);
}

int main(int count, char **arguments) {
  require(count == 4, "arguments");
  const char *transport = arguments[1], *path = arguments[2];
  bool is_unix = strncmp(transport, "unix", 4) == 0;
  bool is_stream = strcmp(transport, "tcp") == 0 || strcmp(transport, "unix") == 0;
  is_sink = strcmp(arguments[3], "sink") == 0;
  fill_pattern();

  union { struct sockaddr any; struct sockaddr_in ip; struct sockaddr_un local; } name = {0};
  socklen_t size = is_unix ? sizeof name.local : sizeof name.ip;
  name.any.sa_family = is_unix ? AF_UNIX : AF_INET;
  if (is_unix) strncpy(name.local.sun_path, path, sizeof name.local.sun_path - 1);
  else name.ip.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(name.any.sa_family, (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0), on = 1, idle = 60;
  if (is_stream && !is_unix) {
    /* The options of the others; accepted sockets inherit them. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  }
  require(bind(fd, &name.any, size) == 0, "bind");
  require(!is_stream || listen(fd, 511) == 0, "listen");
  getsockname(fd, &name.any, &size);
  loop = epoll_create1(EPOLL_CLOEXEC);
  watch(EPOLL_CTL_ADD, 0, EPOLLIN, &tell_parent);
  watch(EPOLL_CTL_ADD, fd, EPOLLIN, &fd);
  printf("%d\n", is_unix ? 0 : ntohs(name.ip.sin_port));
  fflush(stdout);

  for (struct epoll_event events[BATCH];;) {
    int ready = epoll_wait(loop, events, BATCH, -1);
    for (int i = 0; i < ready; i++) {
      void *data = events[i].data.ptr;
      if (data == &tell_parent) tell_parent();
      else if (data != &fd) serve(data);
      else if (is_stream) accept_all(fd);
      else serve_datagrams(fd);
    }
  }
}
