/*
 * A cache of recent senders. JavaScript keeps one address object per place of this table. So a datagram from a known
 * sender creates none, and an answer to it needs no new address.
 */
#include "engine.h"

#define PLACES (1 << PLACE_BITS)

struct sender {
  /*
   * The place, and in the bits above it the number of its present owner. 0 for none. Sending to a former owner fails.
   */
  uint32_t token;
  struct address address;
};

/*
 * Any mixing will do. A sender that provokes collisions only makes each of its datagrams as expensive as one of a new
 * sender.
 */
static uint32_t place_of(const struct address *address) {
  const uint8_t *bytes = (const uint8_t *)&address->storage;
  uint64_t hash = address->length;
  size_t at = 0;
  for (; at + sizeof hash <= address->length; at += sizeof hash) {
    uint64_t word;
    memcpy(&word, bytes + at, sizeof word);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  for (; at < address->length; at++) hash = (hash ^ bytes[at]) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(hash >> (64 - PLACE_BITS));
}

static bool is_same(const struct address *left, const struct address *right) {
  return left->length == right->length && memcmp(&left->storage, &right->storage, left->length) == 0;
}

/*
 * Returns the place of a sender, after an event for a new one. -1 for a sender without a name, or if there is no
 * memory.
 */
int32_t sender_place(struct engine *engine, const struct source *source, const struct address *address) {
  if (address->length <= sizeof address->storage.ss_family) return -1;
  if (engine->senders == NULL) engine->senders = calloc(PLACES, sizeof *engine->senders);
  if (engine->senders == NULL) return -1;
  uint32_t place = place_of(address);
  struct sender *sender = &engine->senders[place];
  if (sender->token == 0 || !is_same(&sender->address, address)) {
    uint32_t owner = engine->next_sender++ % (1 << (31 - PLACE_BITS)) + 1;
    napi_value value = address_to_value(engine->env, address);
    int32_t number = value == NULL ? -1 : batch_value(engine, value);
    if (number < 0) return -1;
    sender->token = owner << PLACE_BITS | place;
    sender->address = *address;
    push_event(engine, source, KIND_SENDER, (int32_t)sender->token, number);
  }
  return (int32_t)place;
}

/* Returns the address of a token; NULL if its place has a new owner, which JavaScript may not know of yet. */
const struct address *sender_address(const struct engine *engine, uint32_t token) {
  if (engine->senders == NULL) return NULL;
  const struct sender *sender = &engine->senders[token & (PLACES - 1)];
  return sender->token == token ? &sender->address : NULL;
}
