/* Multicast: joining groups, and the interface to send from. */
#include "engine.h"
#include <netinet/in.h>

/*
 * Parses the index of an interface from `::%eth0` or `::%2`; 0 for an empty text (the system chooses). False for
 * anything else.
 */
static bool scope_of(napi_env env, napi_value where, unsigned *index) {
  struct address address;
  size_t length = 0;
  NAPI(env, napi_get_value_string_utf8(env, where, NULL, 0, &length), false);
  *index = 0;
  if (length == 0) return true;
  if (!address_from_ip(env, where, 0, &address) || address.storage.ss_family != AF_INET6) return false;
  *index = ((struct sockaddr_in6 *)&address.storage)->sin6_scope_id;
  return true;
}

/* Does the same for IPv4, where the address of an interface identifies it. */
static bool interface_of(napi_env env, napi_value where, struct in_addr *found) {
  struct address address;
  size_t length = 0;
  NAPI(env, napi_get_value_string_utf8(env, where, NULL, 0, &length), false);
  found->s_addr = htonl(INADDR_ANY);
  if (length == 0) return true;
  if (!address_from_ip(env, where, 0, &address) || address.storage.ss_family != AF_INET) return false;
  *found = ((struct sockaddr_in *)&address.storage)->sin_addr;
  return true;
}

static int set(int fd, int level, int option, const void *value, size_t size) {
  return setsockopt(fd, level, option, value, (socklen_t)size) == 0 ? 0 : errno;
}

/* joinGroup(slot, group, interface): 0, or errno */
static napi_value join_group(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  const struct source *source = source_if(source_of(engine, arguments[0]), SOURCE_DATAGRAM);
  struct address group;
  if (source == NULL || !address_from_ip(env, arguments[1], 0, &group)) return number(env, EINVAL);
  if (group.storage.ss_family == AF_INET) {
    struct ip_mreqn request = {.imr_multiaddr = ((struct sockaddr_in *)&group.storage)->sin_addr};
    if (!interface_of(env, arguments[2], &request.imr_address)) return number(env, EINVAL);
    return number(env, set(source->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request));
  }
  struct ipv6_mreq request = {.ipv6mr_multiaddr = ((struct sockaddr_in6 *)&group.storage)->sin6_addr};
  if (!scope_of(env, arguments[2], &request.ipv6mr_interface)) return number(env, EINVAL);
  return number(env, set(source->fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request));
}

/* multicastFrom(slot, interface): sets the interface for peers of its address family. 0, or errno */
static napi_value multicast_from(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  const struct source *source = source_if(source_of(engine, arguments[0]), SOURCE_DATAGRAM);
  struct in_addr found;
  unsigned index;
  if (source == NULL) return number(env, EBADF);
  if (interface_of(env, arguments[1], &found))
    return number(env, set(source->fd, IPPROTO_IP, IP_MULTICAST_IF, &found, sizeof found));
  if (scope_of(env, arguments[1], &index))
    return number(env, set(source->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index));
  return number(env, EINVAL);
}

bool multicast_register(struct engine *engine, napi_value exports) {
  return define(engine, exports, "joinGroup", join_group) &&
         define(engine, exports, "multicastFrom", multicast_from);
}
