/*
 * What the loops of a process share when one thread accepts for all of them: which loops there are, how many connections
 * each has, and the descriptors on their way. The one part of the addon that several threads touch at once; all of it
 * lies under one lock, which is held for some instructions.
 *
 * A descriptor that was accepted has one owner at any time: the group, from `group_hand` on; a member, from `group_take`
 * on. When a member goes, what waits for it goes to the others.
 */
#ifndef REVIO_GROUP_H
#define REVIO_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum policy { POLICY_ROUND_ROBIN, POLICY_LEAST_CONNECTIONS, POLICY_RANDOM };

/* An accepted descriptor, and what is known of it. */
typedef struct {
  int fd;
  int tag; /* Of the listener that accepted it. */
  bool is_unix;
  bool is_new; /* It begins with a handshake. */
} handed_t;

typedef struct group group_t;

/* A group for so many members and listeners, the caller's to leave; NULL where memory is short. */
group_t *group_create(int members, int tags, enum policy policy);
/* Negative for none: a group is found as long as anybody has it. */
int32_t group_id(group_t *group);
/* The group with that id, the caller's to leave; NULL where nobody has it any more. */
group_t *group_find(int32_t id);
void group_leave(group_t *group);

/* `wake` is sent to when a listener may accept again that `group_is_full` has held back. NULL: nobody accepts. */
void group_accept(group_t *group, uv_async_t *wake);
/*
 * Whether an accepted connection has to wait: for a member, until less than `limit` of the listener's are live, or until
 * less than `most_handshakes` of them have their handshake to come; 0: those are not counted.
 */
bool group_is_full(group_t *group, int tag, int limit, int most_handshakes);
/* Gives a descriptor to a member; false, and it is still the caller's, where memory is short. */
bool group_hand(group_t *group, handed_t handed);

/* Member `index` is there: `wake` is sent to when something waits for it. False where that place is taken. */
bool group_join(group_t *group, int index, uv_async_t *wake);
/* Takes up to `most` of what waits; answers how many. Tells whether more is left. */
int group_take(group_t *group, int index, handed_t *taken, int most, bool *more);
/* A connection that was taken is closed. */
void group_freed(group_t *group, int index, int tag);
/* The handshake of a connection that was handed over is done, or given up. */
void group_admitted(group_t *group, int tag);
/* The member goes: what waits for it goes to others. Its connections have been freed, or will be. */
void group_part(group_t *group, int index);

#endif
