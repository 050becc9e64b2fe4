/* A datagram socket with any number of remotes, which only TypeScript knows. */
#ifndef REVIO_DATAGRAM_H
#define REVIO_DATAGRAM_H

#include "poller.h"

/* The sender or receiver of a datagram. Precedes the datagram's bytes in both directions. */
typedef struct {
  int32_t family; /* 4 or 6. A mapped IPv4 address is 4. */
  int32_t port;
  uint32_t scope;
  uint8_t host[16];
  /* The local address that was written to, of the same family; zeros if the binding has only one. */
  uint8_t local[16];
} peer_t;

/*
 * Room for a peer and the largest datagram. An odd number of cache lines, so that the first lines of neighbours do not
 * collide.
 */
#define DATAGRAM_ROOM (1025 * 64)

/*
 * Opens a binding over `fd`, which is bound to that address. Returns its slot, or a fault after which the caller still
 * owns `fd`.
 */
int datagrams_open(poller_t *poller, int fd, const address_t *address);
/* Handles libuv's events: receives a bounded number of datagrams, and reports when more can be sent. */
void datagrams_ready(listener_t *binding, int events);
/* Returns the endpoint as a binding; NULL if it is none. */
listener_t *datagrams_of(endpoint_t *endpoint);
/*
 * Sends the datagrams of the write records from `first` on: as many as belong to the binding and fit one call. Returns
 * how many records have a result. A datagram that was taken keeps its length as the result, including the peer's.
 */
int datagrams_send(listener_t *binding, int first, int count, const memory_t *lent, uint32_t lent_count);
/* The local address of the peer, with port 0; false if it is unknown. */
bool peer_local(const peer_t *peer, address_t *address);
/* The peer's address, for a socket of that family; false if it can't be reached from there. */
bool peer_address(const peer_t *peer, int family, address_t *address);

#endif
