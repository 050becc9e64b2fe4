#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datagram.h"
#include "member.h"

/* The most connections to accept at once, so that existing connections get their turn. */
#define BATCH 64

/* Milliseconds until the next attempt, when the OS has no descriptor or memory left for a connection. */
static const uint64_t BACKOFF[] = {0, 10, 50, 100, 200, 500, 1000};
#define LAST_BACKOFF ((int)(sizeof BACKOFF / sizeof *BACKOFF) - 1)

static bool is_full(const listener_t *listener) {
  if (member_accepts(listener->endpoint.poller)) return member_is_full(listener);
  if (listener->live >= listener->limit) return true;
  return listener->most_handshakes > 0 && listener->handshakes >= listener->most_handshakes;
}

static void watch(listener_t *listener) {
  poller_t *poller = listener->endpoint.poller;
  bool wanted = poller->accepting && !listener->paused && !listener->starved && !is_full(listener);
  if (wanted) listener->endpoint.flags |= FLAG_WANTED;
  else listener->endpoint.flags &= (uint16_t)~FLAG_WANTED;
  endpoint_watch(&listener->endpoint);
}

int listener_open(poller_t *poller, int fd, int tag, int limit, uint16_t flags) {
  listener_t *listener = calloc(1, sizeof *listener);
  if (listener == NULL) return FAULT(CALL_MALLOC, ENOMEM);
  int slot = endpoint_open(poller, &listener->endpoint, fd, flags | FLAG_LISTENER);
  if (slot < 0) {
    free(listener);
    return slot;
  }
  listener->tag = tag;
  listener->limit = limit;
  listener->named = socket_common_name(fd, &listener->local);
  listener->next = poller->listeners;
  poller->listeners = listener;
  watch(listener);
  return slot;
}

void listener_closed(listener_t *listener) {
  listener_t **link = &listener->endpoint.poller->listeners;
  while (*link != listener) link = &(*link)->next;
  *link = listener->next;
}

void listener_read(listener_t *listener, bool wanted) {
  listener->paused = !wanted;
  watch(listener);
}

void listener_secure(listener_t *listener, int most_handshakes) {
  listener->most_handshakes = most_handshakes;
  watch(listener);
}

void listener_admitted(endpoint_t *endpoint) {
  if (!(endpoint->flags & FLAG_NEW)) return;
  endpoint->flags &= (uint16_t)~FLAG_NEW;
  if (member_admitted(endpoint->poller, endpoint->listener) || endpoint->poller->stopped) return;
  endpoint_t *listener = endpoint_at(endpoint->poller, endpoint->listener);
  if (listener == NULL || !(listener->flags & FLAG_LISTENER)) return;
  ((listener_t *)listener)->handshakes--;
  watch((listener_t *)listener);
}

void listeners_start(poller_t *poller) {
  poller->accepting = true;
  for (listener_t *listener = poller->listeners; listener != NULL; listener = listener->next) watch(listener);
}

/* --- running out of descriptors --- */

/* Stops polling until then: a listener that cannot accept stays readable, and would keep the loop spinning. */
void listener_starve(listener_t *listener) {
  poller_t *poller = listener->endpoint.poller;
  listener->starved = true;
  watch(listener);
  if (uv_is_active((uv_handle_t *)&poller->retry)) return;
  /* Can't fail: the timer has a callback and is not closing. */
  (void)uv_timer_start(&poller->retry, listeners_retry, BACKOFF[poller->retries], 0);
  if (poller->retries < LAST_BACKOFF) poller->retries++;
}

void listeners_retry(uv_timer_t *timer) {
  poller_t *poller = timer->data;
  (void)uv_timer_stop(timer);
  for (listener_t *listener = poller->listeners; listener != NULL; listener = listener->next) {
    listener->starved = false;
    watch(listener);
  }
}

void listener_freed(poller_t *poller, int32_t slot) {
  if (member_freed(poller, slot) || poller->stopped) return;
  endpoint_t *endpoint = endpoint_at(poller, slot);
  if (endpoint != NULL && (endpoint->flags & FLAG_LISTENER)) {
    listener_t *listener = (listener_t *)endpoint;
    listener->live--;
    watch(listener);
  }
  if (uv_is_active((uv_handle_t *)&poller->retry)) listeners_retry(&poller->retry);
}

/* --- accepting --- */

/* An IPv4 address, which is looked up if it is not known: NULL for any other. */
static const address_t *inet4(int fd, bool peer, const address_t *known, address_t *found) {
  if (known == NULL && socket_name(fd, peer, found) == 0) known = found;
  return known != NULL && known->at.any.sa_family == AF_INET ? known : NULL;
}

/* Here an address costs a system call at most; from TypeScript it would also cost strings and arrays. */
static bool name_ends(int fd, names_t *names, const address_t *local, const address_t *remote) {
  address_t found_local, found_remote;
  remote = inet4(fd, true, remote, &found_remote);
  if (remote == NULL) return false;
  local = inet4(fd, false, local, &found_local);
  if (local == NULL) return false;
  *names = (names_t){(int32_t)ntohl(local->at.in4.sin_addr.s_addr), ntohs(local->at.in4.sin_port),
                     (int32_t)ntohl(remote->at.in4.sin_addr.s_addr), ntohs(remote->at.in4.sin_port)};
  return true;
}

void stream_accepted(poller_t *poller, int32_t slot, int tag, const address_t *local, const address_t *remote) {
  endpoint_t *endpoint = endpoint_at(poller, slot);
  int32_t offset = -1;
  names_t names;
  if (endpoint != NULL && !(endpoint->flags & FLAG_UNIX) && name_ends(endpoint->fd, &names, local, remote)) {
    offset = (int32_t)poller->input_top;
    memcpy(poller->input.bytes + poller->input_top, &names, sizeof names);
    poller->input_top += sizeof names;
  }
  poller_record(poller, slot, EVENT_ACCEPTED, tag, offset);
}

/* Returns the slot of an accepted connection, or INT32_MAX if another member got it. */
static int admit(listener_t *listener, int fd) {
  poller_t *poller = listener->endpoint.poller;
  poller->retries = 0;
  if (member_accepts(poller)) {
    int fault = member_hand(listener, fd);
    return fault < 0 ? fault : INT32_MAX;
  }
  int slot = stream_open(poller, fd, FLAG_WANTED | (listener->endpoint.flags & FLAG_UNIX));
  if (slot < 0) return slot;
  endpoint_t *endpoint = endpoint_at(poller, slot);
  endpoint->listener = listener->endpoint.slot;
  listener->live++;
  if (listener->most_handshakes > 0) {
    endpoint->flags |= FLAG_NEW;
    listener->handshakes++;
  }
  return slot;
}

int listener_accept(listener_t *listener) {
  if (listener->datagrams != 0) return FAULT(CALL_ACCEPT, EINVAL);
  address_t peer;
  int fd = socket_accept(listener->endpoint.fd, &peer);
  /* Skips peers that have already left without sending anything. */
  while (fd >= 0 && socket_is_deserted(fd)) {
    (void)socket_close(fd, false);
    fd = socket_accept(listener->endpoint.fd, &peer);
  }
  if (fd < 0) return fd;
  int slot = admit(listener, fd);
  if (slot < 0) (void)socket_close(fd, true);
  return slot;
}

/* Whether the next connection in the backlog may succeed. */
static bool is_passing(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

void listener_ready(listener_t *listener, int events) {
  if (listener->datagrams != 0) return datagrams_ready(listener, events);
  poller_t *poller = listener->endpoint.poller;
  for (int tries = 0; tries < BATCH && !is_full(listener); tries++) {
    if (!poller_has_input_room(poller, sizeof(names_t)) || (listener->endpoint.flags & FLAG_CLOSING)) return;
    address_t peer;
    int fd = socket_accept(listener->endpoint.fd, &peer);
    int fault = fd < 0 ? fd : admit(listener, fd);
    if (fault >= 0) {
      if (fault != INT32_MAX) stream_accepted(poller, fault, listener->tag, listener->named ? &listener->local : NULL, &peer);
      continue;
    }
    if (fd >= 0) (void)socket_close(fd, true);
    if (would_block(fault)) return;
    if (fd >= 0 || !is_passing(FAULT_ERRNO(fault))) return listener_starve(listener);
  }
  watch(listener);
}
