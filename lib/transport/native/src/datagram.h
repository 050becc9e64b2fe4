/* A binding for datagrams: one socket, and any number of remotes that only TypeScript knows of. */
#ifndef REVIO_DATAGRAM_H
#define REVIO_DATAGRAM_H

#include "poller.h"

/* Who sent a datagram, or is to be sent one. It lies in front of the datagram's bytes, both ways. */
typedef struct {
  int32_t family; /* 4 or 6. A mapped IPv4 address is 4. */
  int32_t port;
  uint32_t scope;
  uint8_t host[16];
  /* The address of this side that was written to, of the same family; zeros where the binding has only one. */
  uint8_t local[16];
} peer_t;

/* Room for a peer and the largest datagram. Cache lines of an odd number: the first ones of neighbours do not collide. */
#define DATAGRAM_ROOM (1025 * 64)

/* The slot of a new binding over `fd`, which is bound to that address, or a fault after which `fd` is still the caller's. */
int datagrams_open(poller_t *poller, int fd, const address_t *address);
/* What libuv says of a binding: takes in a bounded number, and tells when more can be sent. */
void datagrams_ready(listener_t *binding, int events);
/* The binding that an endpoint is; NULL where it is none. */
listener_t *datagrams_of(endpoint_t *endpoint);
/*
 * Sends the datagrams of the write records from `first` on, as many as are the binding's and go into one call. Answers
 * how many of the records have their result. One that was taken keeps its length as that, the peer's included.
 */
int datagrams_send(listener_t *binding, int first, int count, const memory_t *lent, uint32_t lent_count);
/* The peer's counterpart on this side, whose port is 0; false when it is not known. */
bool peer_local(const peer_t *peer, address_t *address);
/* Where a peer is, for a socket of that family; false when it cannot be reached from there. */
bool peer_address(const peer_t *peer, int family, address_t *address);

#endif
