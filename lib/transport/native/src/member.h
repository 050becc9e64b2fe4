/* A poller as part of a group: it accepts for all members, or receives what was accepted. */
#ifndef REVIO_MEMBER_H
#define REVIO_MEMBER_H

#include "poller.h"

/* Makes a group for which this poller accepts. Returns its id, or a fault. */
int member_found(poller_t *poller, int members, int tags, int policy);
/* Joins a group as member `index`. Returns 0, or a fault. */
int member_join(poller_t *poller, int32_t id, int index);
/* For the accepting poller: bypasses a member, or no longer does. */
void member_hold(poller_t *poller, int index, bool held);
/* Takes no more connections; existing ones continue. */
void member_part(poller_t *poller);
/* The poller stops. */
void member_close(poller_t *poller);

/* Whether this poller accepts for a group. */
bool member_accepts(const poller_t *poller);
/*
 * Whether a listener must wait. `member_hand` passes an accepted descriptor on: 0, or a fault after which the caller
 * still owns it.
 */
bool member_is_full(const listener_t *listener);
int member_hand(const listener_t *listener, int fd);
/*
 * `listener` is the value that replaces the listener's slot in a connection that was handed over. The first function
 * reports that its handshake is done or abandoned, the second that it is closed. Both return false for a connection
 * that was not handed over.
 */
bool member_admitted(poller_t *poller, int32_t listener);
bool member_freed(poller_t *poller, int32_t listener);

#endif
