/*
 * Datagrams that are sent in a batch: gathered in memory that JavaScript fills, and sent after it with as few calls as
 * there are sockets.
 */
#include "engine.h"
#include <sys/uio.h>

/* int32 values: how many there are, and unused ones before the first. */
#define POSTS_AT 4
/* Values per datagram: slot, offset in `post_bytes`, length, token of the receiver, which the flush replaces by errno. */
#define POST_WIDTH 4

struct flush {
  struct mmsghdr messages[MAX_POSTS];
  struct iovec parts[MAX_POSTS];
  /* Receivers without room: what comes after must not overtake. */
  int32_t refused[MAX_POSTS];
  int refused_count;
};

static int32_t *post_at(const struct engine *engine, int index) {
  return engine->posts + POSTS_AT + index * POST_WIDTH;
}

static bool is_refused(const struct flush *flush, int32_t token) {
  for (int index = 0; index < flush->refused_count; index++) {
    if (flush->refused[index] == token) return true;
  }
  return false;
}

/* @returns false if the receiver is not known any more */
static bool prepare(const struct engine *engine, struct flush *flush, int index) {
  const int32_t *post = post_at(engine, index);
  const struct address *to = post[3] == 0 ? NULL : sender_address(engine, (uint32_t)post[3]);
  flush->parts[index] = (struct iovec){engine->post_bytes + post[1], (size_t)post[2]};
  flush->messages[index].msg_hdr = (struct msghdr){
      .msg_name = to == NULL ? NULL : (void *)&to->storage,
      .msg_namelen = to == NULL ? 0 : to->length,
      .msg_iov = &flush->parts[index],
      .msg_iovlen = 1,
  };
  return post[3] == 0 || to != NULL;
}

/* Of one socket. Where the system refuses one it goes on with the next. */
static void send_run(struct engine *engine, struct flush *flush, int first, int end) {
  const struct source *source = source_at(engine, post_at(engine, first)[0]);
  for (int index = first; index < end;) {
    int32_t *post = post_at(engine, index);
    int errors = 0;
    int sent = source == NULL ? -1 : 0;
    if (source == NULL) errors = EBADF;
    else if (!prepare(engine, flush, index)) errors = ESTALE;
    else if (is_refused(flush, post[3])) errors = EAGAIN;
    if (errors == 0) {
      int count = 1;
      while (index + count < end && flush->refused_count == 0 && prepare(engine, flush, index + count)) count++;
      sent = sendmmsg(source->fd, flush->messages + index, (unsigned)count, MSG_NOSIGNAL);
      if (sent < 0) errors = errno;
      if (errors == EINTR) continue;
    }
    if (errors == EAGAIN) flush->refused[flush->refused_count++] = post[3];
    for (int done = 0; done < sent; done++) post_at(engine, index + done)[3] = 0;
    if (errors != 0) post[3] = errors;
    index += errors != 0 ? 1 : sent;
  }
}

/* flushPosts(): how many of them failed */
static napi_value flush_posts(napi_env env, napi_callback_info info) {
  ARGUMENTS(0);
  struct flush flush;
  int count = engine->posts[0];
  int failures = 0;
  for (int index = 0; index < count;) {
    int end = index + 1;
    while (end < count && post_at(engine, end)[0] == post_at(engine, index)[0]) end++;
    flush.refused_count = 0;
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
  napi_create_array_with_length(env, 2, &result);
  if (napi_create_arraybuffer(env, size, &memory, &posts) != napi_ok) return NULL;
  if (napi_create_arraybuffer(env, POST_BYTES, &data, &bytes) != napi_ok) return NULL;
  napi_set_element(env, result, 0, posts);
  napi_set_element(env, result, 1, bytes);
  napi_create_reference(env, result, 1, &engine->post_memory);
  engine->posts = memory;
  engine->post_bytes = data;
  return result;
}

void post_register(struct engine *engine, napi_value exports) {
  define(engine, exports, "startPosts", start_posts);
  define(engine, exports, "flushPosts", flush_posts);
}
