/* A poller as part of a group: it accepts for all, or gets what was accepted. */
#ifndef REVIO_MEMBER_H
#define REVIO_MEMBER_H

#include "poller.h"

/* Makes a group for which this poller accepts: its id, or a fault. */
int member_found(poller_t *poller, int members, int tags, int policy);
/* Becomes member `index` of a group: 0, or a fault. */
int member_join(poller_t *poller, int32_t id, int index);
/* Takes no more connections; those that it has go on. */
void member_part(poller_t *poller);
/* The poller stops. */
void member_close(poller_t *poller);

/* Whether this poller accepts for others. */
bool member_accepts(const poller_t *poller);
/* Whether a listener has to wait; and an accepted descriptor on its way: 0, or a fault after which it is the caller's. */
bool member_is_full(const listener_t *listener);
int member_hand(const listener_t *listener, int fd);
/*
 * `listener` is what stands for the listener of a connection that was handed over, in the place of its slot: its handshake
 * is done or given up; it is closed. False for a connection that was not handed over.
 */
bool member_admitted(poller_t *poller, int32_t listener);
bool member_freed(poller_t *poller, int32_t listener);

#endif
