#include "datagram.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

/* The most datagrams to receive or send in one system call. */
#define BATCH 32
/* A pending socket error is reported once, in place of a datagram. */
#define TRIES 8

int datagrams_open(poller_t *poller, int fd, const address_t *address) {
  if (poller->input.size < DATAGRAM_ROOM) return FAULT(CALL_BIND, ENOBUFS);
  bool anywhere = address_is_anywhere(address);
  int fault = anywhere ? socket_tell_local(fd, address->at.any.sa_family) : 0;
  if (fault != 0) return fault;
  int slot = listener_open(poller, fd, 0, INT_MAX, 0);
  if (slot < 0) return slot;
  listener_t *binding = (listener_t *)endpoint_at(poller, slot);
  binding->datagrams = address->at.any.sa_family;
  binding->anywhere = anywhere;
  return slot;
}

listener_t *datagrams_of(endpoint_t *endpoint) {
  if (endpoint == NULL || !(endpoint->flags & FLAG_LISTENER)) return NULL;
  listener_t *binding = (listener_t *)endpoint;
  return binding->datagrams != 0 ? binding : NULL;
}

/* --- peers --- */

static bool read_peer(const place_t *place, peer_t *peer) {
  memset(peer, 0, sizeof *peer);
  if (place->any.sa_family == AF_INET) {
    peer->family = 4;
    peer->port = ntohs(place->in4.sin_port);
    memcpy(peer->host, &place->in4.sin_addr, 4);
  } else if (place->any.sa_family == AF_INET6) {
    bool mapped = IN6_IS_ADDR_V4MAPPED(&place->in6.sin6_addr);
    peer->family = mapped ? 4 : 6;
    peer->port = ntohs(place->in6.sin6_port);
    peer->scope = mapped ? 0 : place->in6.sin6_scope_id;
    memcpy(peer->host, place->in6.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
  } else return false;
  return true;
}

bool peer_address(const peer_t *peer, int family, address_t *address) {
  bool mapped = peer->family == 4;
  memset(address, 0, sizeof *address);
  if (family == AF_INET && mapped) {
    address->size = sizeof address->at.in4;
    address->at.in4.sin_family = AF_INET;
    address->at.in4.sin_port = htons((uint16_t)peer->port);
    memcpy(&address->at.in4.sin_addr, peer->host, 4);
    return true;
  }
  uint8_t *host = address->at.in6.sin6_addr.s6_addr;
  address->size = sizeof address->at.in6;
  address->at.in6.sin6_family = AF_INET6;
  address->at.in6.sin6_port = htons((uint16_t)peer->port);
  address->at.in6.sin6_scope_id = peer->scope;
  if (mapped) memset(host + 10, 0xff, 2);
  memcpy(host + (mapped ? 12 : 0), peer->host, mapped ? 4 : 16);
  return family == AF_INET6 && (mapped || peer->family == 6);
}

bool peer_local(const peer_t *peer, address_t *address) {
  static const uint8_t unknown[sizeof peer->local];
  if (memcmp(peer->local, unknown, sizeof unknown) == 0) return false;
  bool linked = peer->family == 6 && peer->local[0] == 0xfe && (peer->local[1] & 0xc0) == 0x80;
  peer_t place = {.family = peer->family, .scope = linked ? peer->scope : 0};
  memcpy(place.host, peer->local, sizeof place.host);
  return peer_address(&place, peer->family == 4 ? AF_INET : AF_INET6, address);
}

/* --- receiving --- */

typedef struct {
  message_t messages[BATCH];
  struct iovec pieces[BATCH];
  place_t from[BATCH];
  control_t controls[BATCH];
} arrivals_t;

/* Prepares buffers for as many datagrams as the slab and the event records have room for, and returns their number. */
static int make_room(const listener_t *binding, arrivals_t *arrivals) {
  poller_t *poller = binding->endpoint.poller;
  size_t room = (poller->input.size - poller->input_top) / DATAGRAM_ROOM;
  int count = poller->event_capacity - poller->event_count;
  if (count > BATCH) count = BATCH;
  if ((size_t)count > room) count = (int)room;
  for (int index = 0; index < count; index++) {
    uint8_t *bytes = poller->input.bytes + poller->input_top + (size_t)index * DATAGRAM_ROOM;
    arrivals->pieces[index] = (struct iovec){bytes + sizeof(peer_t), DATAGRAM_ROOM - sizeof(peer_t)};
    arrivals->messages[index] = (message_t){.msg_hdr = {.msg_name = &arrivals->from[index],
                                                        .msg_namelen = sizeof arrivals->from[index],
                                                        .msg_iov = &arrivals->pieces[index],
                                                        .msg_iovlen = 1}};
    if (!binding->anywhere) continue;
    arrivals->messages[index].msg_hdr.msg_control = &arrivals->controls[index];
    arrivals->messages[index].msg_hdr.msg_controllen = sizeof arrivals->controls[index];
  }
  return count;
}

static void record(listener_t *binding, const arrivals_t *arrivals, int count) {
  poller_t *poller = binding->endpoint.poller;
  peer_t peer;
  poller->retries = 0;
  for (int index = 0; index < count; index++) {
    const message_t *message = &arrivals->messages[index];
    size_t offset = poller->input_top;
    poller->input_top += DATAGRAM_ROOM;
    /* A datagram that fits a packet also fits its room, and one without a sender can't be answered. */
    if (message->msg_hdr.msg_flags & MSG_TRUNC) continue;
    if (message->msg_hdr.msg_namelen == 0 || !read_peer(&arrivals->from[index], &peer)) continue;
    if (binding->anywhere) control_read((struct msghdr *)&message->msg_hdr, peer.family, peer.local);
    memcpy(poller->input.bytes + offset, &peer, sizeof peer);
    poller_record(poller, binding->endpoint.slot, EVENT_DATAGRAM, (int32_t)offset, (int32_t)message->msg_len);
  }
}

/* One system call for each ready binding: libuv reports the rest again. */
static void receive(listener_t *binding) {
  endpoint_t *endpoint = &binding->endpoint;
  arrivals_t arrivals;
  if (!poller_has_input_room(endpoint->poller, DATAGRAM_ROOM)) return;
  /* The turn that made room may have closed or stopped this binding. */
  if ((endpoint->flags & (FLAG_WANTED | FLAG_CLOSING)) != FLAG_WANTED) return;
  int count = make_room(binding, &arrivals);
  for (int tries = 0; tries < TRIES; tries++) {
    int got = messages_receive(endpoint->fd, arrivals.messages, count);
    if (got >= 0) return record(binding, &arrivals, got);
    if (would_block(got)) return;
  }
  listener_starve(binding);
}

static void tell_writable(endpoint_t *endpoint) {
  if (!poller_has_room(endpoint->poller) || (endpoint->flags & (FLAG_ARMED | FLAG_CLOSING)) != FLAG_ARMED) return;
  endpoint->flags = (uint16_t)(endpoint->flags & ~FLAG_ARMED);
  poller_record(endpoint->poller, endpoint->slot, EVENT_WRITABLE, 0, 0);
}

void datagrams_ready(listener_t *binding, int events) {
  endpoint_t *endpoint = &binding->endpoint;
  if ((events & UV_READABLE) && (endpoint->flags & FLAG_WANTED)) receive(binding);
  if ((events & UV_WRITABLE) && (endpoint->flags & FLAG_ARMED)) tell_writable(endpoint);
  endpoint_watch(endpoint);
}

/* --- sending --- */

typedef struct {
  message_t messages[BATCH];
  struct iovec pieces[BATCH];
  address_t to[BATCH];
  control_t controls[BATCH];
  const uint8_t *peers[BATCH];
} departures_t;

/* Returns 0, or the fault because of which the record's datagram can't be sent at all. */
static int prepare(listener_t *binding, const memory_t *place, departures_t *departures, int index) {
  peer_t peer;
  address_t local;
  if (place->bytes == NULL || place->size < sizeof peer) return FAULT(CALL_SEND, EFAULT);
  memcpy(&peer, place->bytes, sizeof peer);
  if (!peer_address(&peer, binding->datagrams, &departures->to[index])) return FAULT(CALL_SEND, EAFNOSUPPORT);
  departures->peers[index] = place->bytes;
  departures->pieces[index] = (struct iovec){place->bytes + sizeof peer, place->size - sizeof peer};
  departures->messages[index] = (message_t){.msg_hdr = {.msg_name = &departures->to[index].at,
                                                        .msg_namelen = departures->to[index].size,
                                                        .msg_iov = &departures->pieces[index],
                                                        .msg_iovlen = 1}};
  if (!binding->anywhere || !peer_local(&peer, &local)) return 0;
  struct msghdr *header = &departures->messages[index].msg_hdr;
  header->msg_control = &departures->controls[index];
  header->msg_controllen = control_write(&departures->controls[index], binding->datagrams, &local);
  return 0;
}

/*
 * After a datagram that could not be sent, later ones to the same peer are not sent either. Returns how many records
 * have a result.
 */
static int refuse(write_t *writes, const departures_t *departures, int length, int fault) {
  int done = 1;
  writes->result = fault;
  while (done < length && memcmp(departures->peers[done], departures->peers[0], sizeof(peer_t)) == 0) {
    writes[done++].result = 0;
  }
  return done;
}

/* The socket is full for all remotes. Reports that it is writable again only once. */
static int put_off(listener_t *binding, write_t *writes, int count) {
  int done = 0;
  for (; done < count && writes[done].slot == binding->endpoint.slot; done++) writes[done].result = 0;
  binding->endpoint.flags |= FLAG_ARMED;
  endpoint_watch(&binding->endpoint);
  return done;
}

int datagrams_send(listener_t *binding, int first, int count, const memory_t *lent, uint32_t lent_count) {
  poller_t *poller = binding->endpoint.poller;
  write_t *writes = &poller->writes[first];
  departures_t departures;
  int length = 0, fault = 0;
  for (; first + length < count && length < BATCH; length++) {
    if (writes[length].slot != writes->slot) break;
    memory_t place = poller_locate(poller, &writes[length], lent, lent_count);
    fault = prepare(binding, &place, &departures, length);
    if (fault != 0) break;
  }
  if (length == 0) {
    writes->result = fault;
    return 1;
  }
  int sent = messages_send(binding->endpoint.fd, departures.messages, length);
  if (sent < 0) return refuse(writes, &departures, length, sent);
  return sent == 0 ? put_off(binding, writes, count - first) : sent;
}
