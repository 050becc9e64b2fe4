/*
 * What the loops of a process share when one thread accepts for all of them: the loops, the number of connections of
 * each, and the descriptors on their way. The only part of the addon that several threads use at once; one lock, held
 * for a few instructions, protects all of it.
 *
 * An accepted descriptor has exactly one owner at any time: the group, after `group_hand`; a member, after
 * `group_take`. When a member leaves, its queue goes to the others.
 */
#ifndef REVIO_GROUP_H
#define REVIO_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum policy { POLICY_ROUND_ROBIN, POLICY_LEAST_CONNECTIONS, POLICY_RANDOM };

/* An accepted descriptor and its origin. */
typedef struct {
  int fd;
  int tag; /* Of the listener that accepted it. */
  bool is_unix;
  bool is_new; /* It starts with a handshake. */
} handed_t;

typedef struct group group_t;

/*
 * Makes a group for `members` members and `tags` listeners, which the caller must leave; NULL if memory is exhausted.
 */
group_t *group_create(int members, int tags, enum policy policy);
/* Negative for NULL. A group can be found by its id as long as anyone holds it. */
int32_t group_id(group_t *group);
/* The group with that id, which the caller must leave; NULL if no one holds it any more. */
group_t *group_find(int32_t id);
void group_leave(group_t *group);

/*
 * Sets the acceptor's `wake`, which is sent when a listener that `group_is_full` held back may accept again. NULL: no
 * one accepts.
 */
void group_accept(group_t *group, uv_async_t *wake);
/*
 * Whether an accepted connection must wait: until there is a member, until fewer than `limit` connections of the
 * listener are live, or until fewer than `most_handshakes` of them are in a handshake (0: not limited).
 */
bool group_is_full(group_t *group, int tag, int limit, int most_handshakes);
/*
 * Bypasses a member that does not take its descriptors, and distributes its queue to the others, until the member is no
 * longer held or joins again. If all members are held, none is bypassed.
 */
void group_hold(group_t *group, int index, bool held);
/* Gives a descriptor to a member; false if memory is exhausted, and the caller then still owns it. */
bool group_hand(group_t *group, handed_t handed);

/* Adds member `index`, whose `wake` is sent when its queue has something. Returns false if that index is taken. */
bool group_join(group_t *group, int index, uv_async_t *wake);
/* Takes up to `most` descriptors from the queue and returns their number. Sets whether more are left. */
int group_take(group_t *group, int index, handed_t *taken, int most, bool *more);
/* A connection that was taken is closed. */
void group_freed(group_t *group, int index, int tag);
/* The handshake of a connection that was handed over is done or abandoned. */
void group_admitted(group_t *group, int tag);
/* Removes a member: its queue goes to others. Its connections are freed before or after. */
void group_part(group_t *group, int index);

#endif
