/*
 * Datagrams that are sent in a batch: gathered in memory that JavaScript fills, and sent after it with as few calls as
 * there are sockets.
 */
#include "engine.h"
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>

/* Datagrams of one message: the kernel's limit before 6.9 (UDP_MAX_SEGMENTS, linux/udp.h). */
#define MAX_SEGMENTS 64
/* What one message can carry, less the headers of IPv6 and UDP. */
#define MAX_SEGMENTED 65487

/* A union, so that the buffer is aligned for its header (cmsg(3)). */
union control {
  struct cmsghdr header;
  uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

/* What comes after for the same receiver must not overtake; who is not known any more may be anybody. */
struct refusal {
  int32_t slot;
  int32_t token;
  /* EAGAIN or ESTALE */
  int error;
};

struct flush {
  struct mmsghdr messages[MAX_POSTS];
  struct iovec parts[MAX_POSTS];
  union control controls[MAX_POSTS];
  /* Datagrams of each message. */
  int counts[MAX_POSTS];
  struct refusal refusals[MAX_POSTS];
  int refusal_count;
};

static int32_t *post_at(const struct engine *engine, int index) {
  return engine->posts + POSTS_AT + index * POST_WIDTH;
}

/* @returns errno, or 0 */
static int refusal_of(const struct flush *flush, const int32_t *post) {
  for (int index = 0; index < flush->refusal_count; index++) {
    const struct refusal *refusal = &flush->refusals[index];
    if (refusal->slot != post[0]) continue;
    if (refusal->token == post[3] || refusal->error == ESTALE) return refusal->error;
  }
  return 0;
}

static void note_refusal(struct flush *flush, const int32_t *post, int error) {
  if (error != EAGAIN && error != ESTALE) return;
  flush->refusals[flush->refusal_count++] = (struct refusal){post[0], post[3], error};
}

/* Of the datagrams from `first` on: how many go to one receiver and have one length, where the last may be shorter. */
static int same_kind(const struct engine *engine, int first, int end) {
  const int32_t *post = post_at(engine, first);
  int count = 1;
  for (int32_t total = post[2]; first + count < end && count < MAX_SEGMENTS; count++) {
    const int32_t *next = post_at(engine, first + count);
    total += next[2];
    if (next[3] != post[3] || next[2] > post[2] || next[2] == 0 || total > MAX_SEGMENTED) break;
    if (next[2] < post[2]) return count + 1;
  }
  return count;
}

/*
 * The kernel cuts what is sent with UDP_SEGMENT (udp(7)) into datagrams of that length, which costs much less than to send
 * each. They lie one behind the other already.
 *
 * @returns false if the receiver is not known any more
 */
static bool prepare(const struct engine *engine, struct flush *flush, int message, int index, int count) {
  const int32_t *post = post_at(engine, index), *last = post_at(engine, index + count - 1);
  const struct address *to = post[3] == 0 ? NULL : sender_address(engine, (uint32_t)post[3]);
  union control *control = &flush->controls[message];
  size_t length = (size_t)(last[1] + last[2] - post[1]);
  INVARIANT(post[1] >= 0 && last[1] >= post[1] && last[2] >= 0 && last[1] + last[2] <= POST_BYTES);
  flush->counts[message] = count;
  flush->parts[message] = (struct iovec){engine->post_bytes + post[1], length};
  flush->messages[message].msg_hdr = (struct msghdr){
      .msg_name = to == NULL ? NULL : (void *)&to->storage,
      .msg_namelen = to == NULL ? 0 : to->length,
      .msg_iov = &flush->parts[message],
      .msg_iovlen = 1,
      .msg_control = count == 1 ? NULL : control,
      .msg_controllen = count == 1 ? 0 : sizeof *control,
  };
  if (count > 1) {
    uint16_t size = (uint16_t)post[2];
    /* The padding too: what goes to the kernel is known. */
    memset(control, 0, sizeof *control);
    control->header.cmsg_len = CMSG_LEN(sizeof size);
    control->header.cmsg_level = SOL_UDP;
    control->header.cmsg_type = UDP_SEGMENT;
    memcpy(CMSG_DATA(&control->header), &size, sizeof size);
  }
  return post[3] == 0 || to != NULL;
}

/* The route or the device cannot do it: one by one then, which may work, or tells what is wrong with each. */
static bool cannot_segment(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP;
}

/* @returns how many messages there are; 0 if the receiver of the first is not known any more */
static int prepare_all(
    const struct engine *engine, struct source *source, struct flush *flush, int index, int end) {
  int messages = 0;
  while (index < end && refusal_of(flush, post_at(engine, index)) == 0) {
    int count = datagram_may_segment(source) ? same_kind(engine, index, end) : 1;
    if (!prepare(engine, flush, messages, index, count)) break;
    messages++;
    index += count;
  }
  return messages;
}

/* Of one socket. Where the system refuses one it goes on with the next. */
static void send_run(struct engine *engine, struct flush *flush, int first, int end) {
  int32_t slot = post_at(engine, first)[0];
  struct source *source = source_if(source_at(engine, slot), SOURCE_DATAGRAM);
  INVARIANT(source != NULL || slot == NO_SLOT);
  for (int index = first; index < end;) {
    int32_t *post = post_at(engine, index);
    int errors = source == NULL ? EBADF : refusal_of(flush, post), sent = 0;
    if (errors == 0) {
      int messages = prepare_all(engine, source, flush, index, end);
      if (messages == 0) errors = ESTALE;
      else sent = sendmmsg(source->fd, flush->messages, (unsigned)messages, MSG_NOSIGNAL);
      if (sent < 0) errors = errno;
      if (errors == EINTR) continue;
      if (flush->counts[0] > 1 && cannot_segment(errors)) {
        datagram_send_whole(source);
        continue;
      }
      note_refusal(flush, post, errors);
    }
    for (int message = 0; message < sent; message++) {
      for (int count = flush->counts[message]; count > 0; count--) post_at(engine, index++)[3] = 0;
    }
    if (errors != 0) {
      post[3] = errors;
      index++;
    }
  }
}

/* Who closes a socket in time flushes before. The rest is refused with EBADF, whatever comes into the slot. */
void post_drop(struct engine *engine, int32_t slot) {
  if (engine->posts == NULL) return;
  for (int index = 0; index < engine->posts[0]; index++) {
    if (post_at(engine, index)[0] == slot) post_at(engine, index)[0] = NO_SLOT;
  }
}

/* flushPosts(): how many of them failed */
static napi_value flush_posts(napi_env env, napi_callback_info info) {
  ARGUMENTS(0);
  struct flush flush;
  int count = engine->posts[0];
  int failures = 0;
  INVARIANT(count >= 0 && count <= MAX_POSTS);
  flush.refusal_count = 0;
  for (int index = 0; index < count;) {
    int end = index + 1;
    while (end < count && post_at(engine, end)[0] == post_at(engine, index)[0]) end++;
    send_run(engine, &flush, index, end);
    for (; index < end; index++) failures += post_at(engine, index)[3] != 0;
  }
  engine->posts[0] = 0;
  return number(env, failures);
}

/* startPosts(): `[posts, bytes]`, the memory for them */
static napi_value start_posts(napi_env env, napi_callback_info info) {
  ARGUMENTS(0);
  size_t size = (POSTS_AT + MAX_POSTS * POST_WIDTH) * sizeof(int32_t);
  napi_value result, posts, bytes;
  void *memory, *data;
  NAPI(env, napi_create_array_with_length(env, 2, &result), NULL);
  NAPI(env, napi_create_arraybuffer(env, size, &memory, &posts), NULL);
  NAPI(env, napi_create_arraybuffer(env, POST_BYTES, &data, &bytes), NULL);
  NAPI(env, napi_set_element(env, result, 0, posts), NULL);
  NAPI(env, napi_set_element(env, result, 1, bytes), NULL);
  NAPI(env, napi_create_reference(env, result, 1, &engine->post_memory), NULL);
  engine->posts = memory;
  engine->post_bytes = data;
  return result;
}

bool post_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "startPosts", start_posts) &&
         define(engine, exports, "flushPosts", flush_posts);
}
