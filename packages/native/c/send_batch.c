/*
 * Datagrams that JavaScript sends during a batch. They are gathered in shared memory, and sent afterwards with few
 * system calls per socket.
 */
#include "engine.h"
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>

/* Datagrams per message: the kernel's limit before 6.9 (UDP_MAX_SEGMENTS, linux/udp.h). */
#define MAX_SEGMENTS 64
/* Bytes per message, less the headers of IPv6 and UDP. */
#define MAX_SEGMENTED 65487

/* A union, so that the buffer is aligned for its header (cmsg(3)). */
union control {
  struct cmsghdr header;
  uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

/*
 * A refused datagram. Later ones for the same receiver must not overtake it; after ESTALE, any receiver could be the
 * same.
 */
struct refusal {
  int32_t slot;
  int32_t token;
  /* EAGAIN or ESTALE */
  int error;
};

struct flush {
  struct mmsghdr messages[MAX_SENDS];
  struct iovec parts[MAX_SENDS];
  union control controls[MAX_SENDS];
  /* Number of datagrams in each message. */
  int counts[MAX_SENDS];
  struct refusal refusals[MAX_SENDS];
  int refusal_count;
};

static int32_t *entry_at(const struct engine *engine, int index) {
  return engine->sends + SENDS_AT + (ptrdiff_t)index * SEND_WIDTH;
}

/* @returns errno, or 0 */
static int refusal_of(const struct flush *flush, const int32_t *entry) {
  for (int index = 0; index < flush->refusal_count; index++) {
    const struct refusal *refusal = &flush->refusals[index];
    if (refusal->slot != entry[0]) continue;
    if (refusal->token == entry[3] || refusal->error == ESTALE) return refusal->error;
  }
  return 0;
}

static void note_refusal(struct flush *flush, const int32_t *entry, int error) {
  if (error != EAGAIN && error != ESTALE) return;
  flush->refusals[flush->refusal_count++] = (struct refusal){entry[0], entry[3], error};
}

/* @returns how many datagrams from `first` on go to one receiver and have the same length; the last may be shorter */
static int same_kind(const struct engine *engine, int first, int end) {
  const int32_t *entry = entry_at(engine, first);
  int count = 1;
  for (int32_t total = entry[2]; first + count < end && count < MAX_SEGMENTS; count++) {
    const int32_t *next = entry_at(engine, first + count);
    /* The kernel cuts one piece of memory. */
    if (next[1] != entry[1] + total) break;
    total += next[2];
    if (next[3] != entry[3] || next[2] > entry[2] || next[2] == 0 || total > MAX_SEGMENTED) break;
    if (next[2] < entry[2]) return count + 1;
  }
  return count;
}

/*
 * Prepares one message. With UDP_SEGMENT (udp(7)) the kernel splits it into datagrams of equal length, which costs
 * much less than sending each. They are adjacent in memory already. @returns false if the receiver's token is not
 * valid any more
 */
static bool prepare(const struct engine *engine, struct flush *flush, int message, int index, int count) {
  const int32_t *entry = entry_at(engine, index), *last = entry_at(engine, index + count - 1);
  const struct address *to = entry[3] == 0 ? NULL : sender_address(engine, (uint32_t)entry[3]);
  union control *control = &flush->controls[message];
  size_t length = (size_t)(last[1] + last[2] - entry[1]);
  flush->counts[message] = count;
  flush->parts[message] = (struct iovec){engine->send_bytes + entry[1], length};
  flush->messages[message].msg_hdr = (struct msghdr){
      .msg_name = to == NULL ? NULL : (void *)&to->storage,
      .msg_namelen = to == NULL ? 0 : to->length,
      .msg_iov = &flush->parts[message],
      .msg_iovlen = 1,
      .msg_control = count == 1 ? NULL : control,
      .msg_controllen = count == 1 ? 0 : sizeof *control,
  };
  if (count > 1) {
    uint16_t size = (uint16_t)entry[2];
    /* Clear the padding too: no uninitialised memory goes to the kernel. */
    memset(control, 0, sizeof *control);
    control->header.cmsg_len = CMSG_LEN(sizeof size);
    control->header.cmsg_level = SOL_UDP;
    control->header.cmsg_type = UDP_SEGMENT;
    memcpy(CMSG_DATA(&control->header), &size, sizeof size);
  }
  return entry[3] == 0 || to != NULL;
}

/*
 * Whether the route or the device cannot split a message. Datagrams are then sent one by one, which works or gives
 * each its error.
 */
static bool cannot_segment(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP;
}

/* @returns the number of prepared messages; 0 if the token of the first receiver is not valid any more */
static int prepare_all(
    const struct engine *engine, struct source *source, struct flush *flush, int index, int end) {
  int messages = 0;
  while (index < end && refusal_of(flush, entry_at(engine, index)) == 0) {
    int count = datagram_may_segment(source) ? same_kind(engine, index, end) : 1;
    if (!prepare(engine, flush, messages, index, count)) break;
    messages++;
    index += count;
  }
  return messages;
}

/* Sends the datagrams of one socket. After a refused one it continues with the next. */
static void send_run(struct engine *engine, struct flush *flush, int first, int end) {
  int32_t slot = entry_at(engine, first)[0];
  struct source *source = source_if(source_at(engine, slot), SOURCE_DATAGRAM);
  INVARIANT(source != NULL || slot == NO_SLOT);
  for (int index = first; index < end;) {
    int32_t *entry = entry_at(engine, index);
    int errors = source == NULL ? EBADF : refusal_of(flush, entry), sent = 0;
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
      note_refusal(flush, entry, errors);
    }
    for (int message = 0; message < sent; message++) {
      for (int count = flush->counts[message]; count > 0; count--) entry_at(engine, index++)[3] = 0;
    }
    if (errors != 0) {
      entry[3] = errors;
      index++;
    }
  }
}

/* Returns how many datagrams JavaScript has gathered. */
static int32_t gathered(const struct engine *engine) {
  int32_t count = engine->sends[0];
  ENSURE(count >= 0 && count <= MAX_SENDS);
  return count;
}

/*
 * Refuses what is left for a closed socket, with EBADF: JavaScript flushes before it closes one. Another socket may
 * get the slot.
 */
void send_batch_drop(struct engine *engine, int32_t slot) {
  if (engine->sends == NULL) return;
  for (int index = gathered(engine) - 1; index >= 0; index--) {
    if (entry_at(engine, index)[0] == slot) entry_at(engine, index)[0] = NO_SLOT;
  }
}

/* flushSendBatch(): how many datagrams failed */
static napi_value flush_send_batch(napi_env env, napi_callback_info info) {
  ARGUMENTS(0);
  struct flush flush;
  if (engine->sends == NULL) return number(env, 0);
  int count = gathered(engine);
  int failures = 0;
  flush.refusal_count = 0;
  for (int index = 0; index < count; index++) {
    const int32_t *entry = entry_at(engine, index);
    ENSURE(is_within(entry[1], entry[2], SEND_BYTES));
  }
  for (int index = 0; index < count;) {
    int end = index + 1;
    while (end < count && entry_at(engine, end)[0] == entry_at(engine, index)[0]) end++;
    send_run(engine, &flush, index, end);
    for (; index < end; index++) failures += entry_at(engine, index)[3] != 0;
  }
  engine->sends[0] = 0;
  return number(env, failures);
}

/* startSendBatch(): `[entries, bytes]`, the memory of the batch */
static napi_value start_send_batch(napi_env env, napi_callback_info info) {
  ARGUMENTS(0);
  size_t size = (SENDS_AT + MAX_SENDS * SEND_WIDTH) * sizeof(int32_t);
  napi_value result, entries, bytes;
  void *memory, *data;
  ENSURE(engine->pin != NULL);
  if (engine->send_memory != NULL) {
    NAPI(env, napi_throw_error(env, NULL, "Cannot start the batch of datagrams: it was started before"), NULL);
    return NULL;
  }
  NAPI(env, napi_create_array_with_length(env, 2, &result), NULL);
  NAPI(env, napi_create_arraybuffer(env, size, &memory, &entries), NULL);
  NAPI(env, napi_create_arraybuffer(env, SEND_BYTES, &data, &bytes), NULL);
  if (!pin_memory(engine, entries) || !pin_memory(engine, bytes)) return NULL;
  NAPI(env, napi_set_element(env, result, 0, entries), NULL);
  NAPI(env, napi_set_element(env, result, 1, bytes), NULL);
  NAPI(env, napi_create_reference(env, result, 1, &engine->send_memory), NULL);
  engine->sends = memory;
  engine->send_bytes = data;
  return result;
}

bool send_batch_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "startSendBatch", start_send_batch) &&
         define(engine, exports, "flushSendBatch", flush_send_batch);
}
