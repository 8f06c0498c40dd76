/* Converts addresses and credentials between the forms of JavaScript and of the system. */
#include "engine.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

/* Longest text of an address with its zone: 45 characters, "%", and the name of an interface. */
#define MAX_HOST 128

/*
 * Parses a zone, the name or the number of an interface; false for anything else. It does not use strtoul(): the
 * headers of glibc 2.38 redirect it to a function that older versions lack.
 */
static bool zone_of(const char *text, uint32_t *zone) {
  uint64_t result = 0;
  *zone = if_nametoindex(text);
  if (*zone != 0) return true;
  const char *digit = text;
  for (; *digit >= '0' && *digit <= '9' && result <= UINT32_MAX; digit++) result = result * 10 + (uint64_t)(*digit - '0');
  if (digit == text || *digit != '\0' || result > UINT32_MAX) return false;
  *zone = (uint32_t)result;
  return true;
}

static bool from_ipv6(char *text, int32_t port, struct address *address) {
  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;
  char *zone = strchr(text, '%');
  if (zone != NULL) *zone++ = '\0';
  if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1) return false;
  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons((uint16_t)port);
  /* Without a zone, the system would choose an interface, or refuse the address for another reason. */
  if (zone != NULL && !zone_of(zone, &in6->sin6_scope_id)) return false;
  address->length = sizeof *in6;
  return true;
}

/* Parses an IP address and checks the port; false for anything else. */
bool address_from_ip(napi_env env, napi_value host, int32_t port, struct address *address) {
  char text[MAX_HOST];
  size_t length;
  memset(address, 0, sizeof *address);
  NAPI(env, napi_get_value_string_utf8(env, host, text, sizeof text, &length), false);
  /* A text with a NUL byte, or one that was cut, is another one for the functions below. */
  if (strlen(text) != length || length == sizeof text - 1 || port < 0 || port > UINT16_MAX) return false;
  struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
  if (inet_pton(AF_INET, text, &in->sin_addr) != 1) return from_ipv6(text, port, address);
  in->sin_family = AF_INET;
  in->sin_port = htons((uint16_t)port);
  address->length = sizeof *in;
  return true;
}

/*
 * Takes a Buffer with a path, or with an abstract name, which begins with a NUL byte (unix(7)); false if it is too
 * long.
 */
bool address_from_path(napi_env env, napi_value path, struct address *address) {
  void *data;
  size_t length;
  struct sockaddr_un *un = (struct sockaddr_un *)&address->storage;
  memset(address, 0, sizeof *address);
  NAPI(env, napi_get_buffer_info(env, path, &data, &length), false);
  bool is_abstract = length > 0 && *(const char *)data == '\0';
  /* A path needs a NUL byte at its end, an abstract name does not. */
  if (length == 0 || length > sizeof un->sun_path - (is_abstract ? 0 : 1)) return false;
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, data, length);
  address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1));
  return true;
}

static napi_value ip_value(napi_env env, int family, const void *digits, uint32_t zone, uint16_t port) {
  char text[MAX_HOST] = "";
  napi_value result, host;
  inet_ntop(family, digits, text, INET6_ADDRSTRLEN);
  if (zone != 0) {
    size_t end = strlen(text);
    text[end] = '%';
    if (if_indextoname(zone, text + end + 1) == NULL) text[end] = '\0';
  }
  NAPI(env, napi_create_array_with_length(env, 2, &result), NULL);
  NAPI(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &host), NULL);
  NAPI(env, napi_set_element(env, result, 0, host), NULL);
  NAPI(env, napi_set_element(env, result, 1, number(env, ntohs(port))), NULL);
  return result;
}

/* Returns `[host, port]`, a Buffer with a path or abstract name (empty for a socket without one), or undefined. */
napi_value address_to_value(napi_env env, const struct address *address) {
  napi_value result;
  if (address->storage.ss_family == AF_INET && address->length >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)&address->storage;
    return ip_value(env, AF_INET, &in->sin_addr, 0, in->sin_port);
  }
  if (address->storage.ss_family == AF_INET6 && address->length >= sizeof(struct sockaddr_in6)) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->storage;
    return ip_value(env, AF_INET6, &in6->sin6_addr, in6->sin6_scope_id, in6->sin6_port);
  }
  if (address->storage.ss_family == AF_UNIX) {
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    size_t start = offsetof(struct sockaddr_un, sun_path);
    size_t length = address->length > start ? address->length - start : 0;
    /* The system counts a NUL byte behind a path of 108 bytes. */
    if (length > sizeof un->sun_path) length = sizeof un->sun_path;
    if (length > 0 && un->sun_path[0] != '\0') length = strnlen(un->sun_path, length);
    NAPI(env, napi_create_buffer_copy(env, length, un->sun_path, NULL, &result), NULL);
    return result;
  }
  NAPI(env, napi_get_undefined(env, &result), NULL);
  return result;
}

/* `[pid, uid, gid]` */
napi_value credentials_to_value(napi_env env, const struct ucred *credentials) {
  napi_value result;
  NAPI(env, napi_create_array_with_length(env, 3, &result), NULL);
  NAPI(env, napi_set_element(env, result, 0, number(env, credentials->pid)), NULL);
  NAPI(env, napi_set_element(env, result, 1, number(env, credentials->uid)), NULL);
  NAPI(env, napi_set_element(env, result, 2, number(env, credentials->gid)), NULL);
  return result;
}
