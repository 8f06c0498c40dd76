/*
 * Random bytes for what the addon parses: addresses from JavaScript and from the system, and control messages. Built with
 * sanitizers; what they see, or an address that is not the same after it went to and fro, ends the process.
 *
 * With -fsanitize=fuzzer clang brings main(), which learns what to try. Without, an argument says how many inputs to make.
 */
#include "../../c/address.c"
#include "../../c/datagram.c"
#include <stdio.h>

/* A string, a buffer, a number or an array of two: what the functions below take values for. */
struct value {
  uint8_t bytes[256];
  size_t length;
  int64_t number;
  struct value *elements[3];
};

/* Values live until the input is done with. */
static struct value values[64];
static size_t used;

static struct value *make(const void *bytes, size_t length) {
  struct value *value = &values[used++ % 64];
  memset(value, 0, sizeof *value);
  value->length = length > sizeof value->bytes ? sizeof value->bytes : length;
  if (value->length > 0) memcpy(value->bytes, bytes, value->length);
  return value;
}

/* Node-API, as far as addresses and credentials need it. */

napi_status napi_get_value_string_utf8(napi_env env, napi_value from, char *text, size_t size, size_t *length) {
  struct value *value = (struct value *)from;
  (void)env;
  *length = value->length < size ? value->length : size - 1;
  memcpy(text, value->bytes, *length);
  text[*length] = '\0';
  return napi_ok;
}

napi_status napi_get_buffer_info(napi_env env, napi_value from, void **data, size_t *length) {
  struct value *value = (struct value *)from;
  (void)env;
  *data = value->bytes;
  *length = value->length;
  return napi_ok;
}

napi_status napi_create_array_with_length(napi_env env, size_t length, napi_value *result) {
  (void)env, (void)length;
  *result = (napi_value)make(NULL, 0);
  return napi_ok;
}

napi_status napi_create_string_utf8(napi_env env, const char *text, size_t length, napi_value *result) {
  (void)env, (void)length;
  *result = (napi_value)make(text, strlen(text));
  return napi_ok;
}

napi_status napi_create_buffer_copy(napi_env env, size_t length, const void *data, void **copy, napi_value *result) {
  (void)env, (void)copy;
  *result = (napi_value)make(data, length);
  return napi_ok;
}

napi_status napi_set_element(napi_env env, napi_value array, uint32_t index, napi_value value) {
  (void)env;
  ((struct value *)array)->elements[index] = (struct value *)value;
  return napi_ok;
}

napi_status napi_get_undefined(napi_env env, napi_value *result) {
  (void)env;
  *result = NULL;
  return napi_ok;
}

napi_value number(napi_env env, int64_t from) {
  struct value *value = make(NULL, 0);
  (void)env;
  value->number = from;
  return (napi_value)value;
}

/* The rest of the addon, as far as credentials need it. */

void napi_refused(napi_env env, const char *place) {
  (void)env;
  fprintf(stderr, "ERROR: a call is refused, %s\n", place);
  abort();
}

_Noreturn void invariant_broken(const char *condition, const char *place) {
  fprintf(stderr, "ERROR: %s does not hold, %s\n", condition, place);
  abort();
}

int32_t batch_value(struct engine *engine, napi_value value) {
  (void)engine, (void)value;
  return 0;
}

void push_event(struct engine *engine, const struct source *source, int32_t kind, int32_t a, int32_t b) {
  (void)engine, (void)source, (void)kind, (void)a, (void)b;
}

static void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "ERROR: %s\n", what);
  abort();
}

static bool is_same_address(const struct address *left, const struct address *right) {
  return left->length == right->length && memcmp(&left->storage, &right->storage, left->length) == 0;
}

/* What is an address stays the same when JavaScript is told it and says it again. */
static void text(const uint8_t *data, size_t size) {
  struct address address, again;
  int32_t port = size > 1 ? data[0] << 8 | data[1] : 0;
  if (!address_from_ip(NULL, (napi_value)make(data, size), port, &address)) return;
  struct value *told = (struct value *)address_to_value(NULL, &address);
  must(told->elements[1]->number == port, "the port has changed");
  /* A zone that is no interface of this machine is not told. */
  if (address.storage.ss_family == AF_INET6) ((struct sockaddr_in6 *)&address.storage)->sin6_scope_id = 0;
  char *zone = memchr(told->elements[0]->bytes, '%', told->elements[0]->length);
  if (zone != NULL) told->elements[0]->length = (size_t)(zone - (char *)told->elements[0]->bytes);
  must(address_from_ip(NULL, (napi_value)told->elements[0], port, &again), "what was told is no address");
  must(is_same_address(&address, &again), "the address has changed");
}

static void path(const uint8_t *data, size_t size) {
  struct address address;
  bool is_one = address_from_path(NULL, (napi_value)make(data, size), &address);
  must(is_one == (size > 0 && size <= (data[0] == '\0' ? 108u : 107u)), "the limit of paths is another one");
  if (!is_one) return;
  struct value *told = (struct value *)address_to_value(NULL, &address);
  /* A path ends at its first NUL byte, an abstract name does not. */
  size_t length = data[0] == '\0' ? size : strnlen((const char *)data, size);
  must(told->length == length && memcmp(told->bytes, data, length) == 0, "the path has changed");
}

/* Whatever the system says: nothing beyond its length is read. */
static void system_address(const uint8_t *data, size_t size) {
  /* On the heap, so that a sanitizer sees its end. The longest that the system gives is a path of 108 bytes and a NUL. */
  struct address *address = malloc(sizeof *address);
  size_t length = size < 111 ? size : 111;
  memset(address, 0xff, sizeof *address);
  memcpy(&address->storage, data, length);
  address->length = (socklen_t)length;
  /* Zones that there are have small numbers. */
  if (address->storage.ss_family == AF_INET6) ((struct sockaddr_in6 *)&address->storage)->sin6_scope_id %= 3;
  struct value *told = (struct value *)address_to_value(NULL, address);
  if (address->storage.ss_family == AF_UNIX)
    must(told->length <= (length > 2 ? length - 2 : 0), "a path is longer than the system said");
  free(address);
}

/* The system writes control messages that are whole; their kinds and contents may be any. */
static void control(const uint8_t *data, size_t size) {
  struct datagram_socket *socket = calloc(1, sizeof *socket);
  struct engine *engine = calloc(1, sizeof *engine);
  size_t space = size < CMSG_SPACE(sizeof(struct ucred)) ? size : CMSG_SPACE(sizeof(struct ucred));
  uint8_t *bytes = calloc(1, space + 1);
  memcpy(bytes, data, space);
  struct cmsghdr *header = (struct cmsghdr *)bytes;
  if (space >= sizeof *header) header->cmsg_len = space;
  /* Credentials that were cut are not told as such by the system, but left out. */
  if (space < CMSG_LEN(sizeof(struct ucred))) space = 0;
  struct msghdr message = {.msg_control = bytes, .msg_controllen = space};
  push_credentials(engine, socket, &message);
  free(bytes);
  free(engine);
  free(socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  void (*const parts[])(const uint8_t *, size_t) = {text, path, system_address, control};
  used = 0;
  parts[data[0] % 4](data + 1, size - 1);
  return 0;
}

#ifndef WITH_LIBFUZZER
/* xorshift64: the same numbers everywhere. */
static uint64_t state = 88172645463325252u;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* Half of all inputs look like addresses: else nearly none would be one. */
int main(int count, char **arguments) {
  static const char letters[] = "0123456789abcdef:.%%lo";
  uint8_t data[160];
  long inputs = count > 1 ? atol(arguments[1]) : 0;
  for (long input = 0; input < inputs; input++) {
    size_t size = next() % sizeof data;
    bool is_text = next() % 2 == 0;
    if (is_text) size %= 24;
    for (size_t index = 0; index < size; index++) {
      uint64_t value = next();
      data[index] = is_text ? (uint8_t)letters[value % (sizeof letters - 1)] : (uint8_t)value;
    }
    if (size > 0) data[0] = (uint8_t)next();
    /* Families of addresses that the system gives. */
    if (!is_text && size > 2 && next() % 2 == 0) data[1] = (uint8_t[]){AF_UNIX, AF_INET, AF_INET6}[next() % 3], data[2] = 0;
    LLVMFuzzerTestOneInput(data, size);
  }
  printf("%ld inputs\n", inputs);
  return 0;
}
#endif
