#include <errno.h>
#include <string.h>

#include "datagram.h"
#include "tls.h"

/* The most runs to write in one call. Linux takes up to 1024, but an outbox rarely holds more than a few. */
#define MAX_PIECES 64

memory_t poller_locate(poller_t *poller, const write_t *write, const memory_t *lent, uint32_t lent_count) {
  const memory_t *memory = NULL;
  const memory_t nowhere = {NULL, 0};
  if (write->source == SOURCE_INPUT) memory = &poller->input;
  else if (write->source == SOURCE_STAGE) memory = &poller->stage;
  else if (write->source - SOURCE_LENT < lent_count) memory = &lent[write->source - SOURCE_LENT];
  if (memory == NULL || memory->bytes == NULL || write->length < 0) return nowhere;
  if (write->offset > memory->size || (size_t)write->length > memory->size - write->offset) return nowhere;
  return (memory_t){memory->bytes + write->offset, (size_t)write->length};
}

/* Stays armed until everything is written: arming and disarming libuv for each piece would cost two calls each. */
static void note(endpoint_t *endpoint, int taken, size_t offered) {
  endpoint->flags &= (uint16_t)~FLAG_TOLD;
  if (taken >= 0 && (size_t)taken < offered) endpoint->flags |= FLAG_ARMED;
  else endpoint->flags &= (uint16_t)~FLAG_ARMED;
  endpoint_watch(endpoint);
}

static bool is_file(const write_t *write) {
  return write->source >= SOURCE_FILE;
}

/* Sends the part of a file that a record describes. */
static int send_file(endpoint_t *endpoint, const write_t *write, const memory_t *lent, uint32_t lent_count) {
  file_part_t part;
  uint32_t index = write->source - SOURCE_FILE;
  if (endpoint->flags & FLAG_TLS) return FAULT(CALL_SENDFILE, ENOTSUP);
  if (index >= lent_count || lent[index].size != sizeof part || write->length < 0) return FAULT(CALL_SENDFILE, EFAULT);
  memcpy(&part, lent[index].bytes, sizeof part);
  return socket_send_file(endpoint->fd, &part, (size_t)write->length);
}

/*
 * Sends the records of one slot from `first` on, as many as fit one call, and counts them. Stores their result in the
 * first of them. Returns false if later records must not be sent, because not everything was written.
 */
static bool send_some(poller_t *poller, endpoint_t *endpoint, int first, int count, const memory_t *lent,
                      uint32_t lent_count, int *length) {
  write_t *writes = &poller->writes[first];
  struct iovec pieces[MAX_PIECES];
  size_t offered = 0;
  if (endpoint != NULL && is_file(writes)) {
    offered = (size_t)writes->length;
    *length = 1;
    writes->result = send_file(endpoint, writes, lent, lent_count);
    note(endpoint, writes->result, offered);
    return writes->result >= 0 && (size_t)writes->result == offered;
  }
  for (*length = 0; first + *length < count && *length < MAX_PIECES; ++*length) {
    write_t *write = &writes[*length];
    if (write->slot != writes->slot || is_file(write)) break;
    memory_t place = poller_locate(poller, write, lent, lent_count);
    if (place.bytes == NULL) break;
    pieces[*length] = (struct iovec){place.bytes, place.size};
    offered += place.size;
    write->result = 0;
  }
  if (*length == 0) {
    *length = 1;
    writes->result = FAULT(CALL_SEND, EFAULT);
    return false;
  }
  bool more = first + *length < count && writes[*length].slot == writes->slot;
  if (endpoint == NULL) writes->result = FAULT(CALL_SEND, EBADF);
  else if (endpoint->flags & FLAG_TLS) writes->result = tls_send(endpoint, pieces, *length);
  else writes->result = socket_send(endpoint->fd, pieces, *length, more);
  if (endpoint != NULL) note(endpoint, writes->result, offered);
  return writes->result >= 0 && (size_t)writes->result == offered;
}

/*
 * A message to thousands of connections touches as many endpoints that are in no cache: prefetches them while others
 * are sent.
 */
#define AHEAD 4

static void fetch_ahead(const poller_t *poller, int at) {
#if defined(__GNUC__) || defined(__clang__)
  int index = poller->writes[at].slot & (MAX_SLOTS - 1);
  if (index >= poller->slot_count || poller->slots[index].endpoint == NULL) return;
  const endpoint_t *endpoint = poller->slots[index].endpoint;
  __builtin_prefetch(&endpoint->slot); /* The endpoint's own fields follow libuv's, in one or two cache lines. */
#else
  (void)poller, (void)at;
#endif
}

void poller_flush(poller_t *poller, int count, const memory_t *lent, uint32_t lent_count) {
  for (int at = 0; at < count;) {
    int32_t slot = poller->writes[at].slot;
    if (at + AHEAD < count) fetch_ahead(poller, at + AHEAD);
    endpoint_t *endpoint = endpoint_at(poller, slot);
    listener_t *binding = datagrams_of(endpoint);
    if (binding != NULL) {
      at += datagrams_send(binding, at, count, lent, lent_count);
      continue;
    }
    int length;
    bool open = send_some(poller, endpoint, at, count, lent, lent_count, &length);
    at += length;
    /* After a gap, nothing may be sent. */
    for (; !open && at < count && poller->writes[at].slot == slot; at++) poller->writes[at].result = 0;
  }
}
