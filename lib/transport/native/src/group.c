#include "group.h"

#include <stdlib.h>
#include <unistd.h>

/* Descriptors on their way to one member, or to the next one that joins. */
typedef struct {
  handed_t *items;
  int first;
  int count;
  int capacity; /* A power of two, or 0. */
} queue_t;

typedef struct {
  uv_async_t *wake; /* NULL while the member is absent. */
  bool held;        /* It does not take what it is given: chosen only if there is no other. */
  queue_t queue;
  int live; /* Its connections, including those in its queue. */
} member_t;

struct group {
  uv_mutex_t lock;
  group_t *next; /* The registry's lock protects these three. */
  int32_t id;
  int users;
  enum policy policy;
  uv_async_t *acceptor;
  bool waiting; /* The acceptor waits until it may accept again. */
  uint32_t random;
  int latest; /* The member that got the last descriptor. */
  int size;
  int tags;
  int *live; /* By listener tag. */
  int *handshakes; /* By listener tag: connections whose handshake is not done. */
  queue_t orphans; /* Accepted while no member was present: for the next one that joins. */
  member_t members[];
};

/* --- the registry: finds groups by number, which threads can pass to each other --- */

static uv_once_t registry_once = UV_ONCE_INIT;
static uv_mutex_t registry_lock;
static bool registry_works;
static group_t *registry;
static int32_t last_id;

static void registry_start(void) {
  registry_works = uv_mutex_init(&registry_lock) == 0;
}

static bool registry_ready(void) {
  uv_once(&registry_once, registry_start);
  return registry_works;
}

group_t *group_create(int size, int tags, enum policy policy) {
  if (size < 1 || tags < 1 || !registry_ready()) return NULL;
  group_t *group = calloc(1, sizeof *group + (size_t)size * sizeof *group->members);
  if (group == NULL) return NULL;
  group->live = calloc((size_t)tags, sizeof *group->live);
  group->handshakes = calloc((size_t)tags, sizeof *group->handshakes);
  if (group->live == NULL || group->handshakes == NULL || uv_mutex_init(&group->lock) != 0) {
    free(group->handshakes);
    free(group->live);
    free(group);
    return NULL;
  }
  group->policy = policy;
  group->random = (uint32_t)uv_hrtime() | 1;
  group->latest = size - 1;
  group->size = size;
  group->tags = tags;
  group->users = 1;
  uv_mutex_lock(&registry_lock);
  group->id = ++last_id;
  group->next = registry;
  registry = group;
  uv_mutex_unlock(&registry_lock);
  return group;
}

int32_t group_id(group_t *group) {
  return group->id; /* Never changes. */
}

group_t *group_find(int32_t id) {
  if (!registry_ready()) return NULL;
  uv_mutex_lock(&registry_lock);
  group_t *group = registry;
  while (group != NULL && group->id != id) group = group->next;
  if (group != NULL) group->users++;
  uv_mutex_unlock(&registry_lock);
  return group;
}

static void close_all(queue_t *queue) {
  for (int at = 0; at < queue->count; at++) {
    (void)close(queue->items[(queue->first + at) & (queue->capacity - 1)].fd);
  }
  free(queue->items);
}

void group_leave(group_t *group) {
  uv_mutex_lock(&registry_lock);
  bool last = --group->users == 0;
  if (last) {
    group_t **link = &registry;
    while (*link != group) link = &(*link)->next;
    *link = group->next;
  }
  uv_mutex_unlock(&registry_lock);
  if (!last) return;
  close_all(&group->orphans);
  for (int index = 0; index < group->size; index++) close_all(&group->members[index].queue);
  uv_mutex_destroy(&group->lock);
  free(group->handshakes);
  free(group->live);
  free(group);
}

/* --- queues --- */

static bool push(queue_t *queue, handed_t handed) {
  if (queue->count == queue->capacity) {
    int capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
    handed_t *items = malloc((size_t)capacity * sizeof *items);
    if (items == NULL) return false;
    for (int at = 0; at < queue->count; at++) items[at] = queue->items[(queue->first + at) & (queue->capacity - 1)];
    free(queue->items);
    *queue = (queue_t){.items = items, .count = queue->count, .capacity = capacity};
  }
  queue->items[(queue->first + queue->count++) & (queue->capacity - 1)] = handed;
  return true;
}

static handed_t pop(queue_t *queue) {
  handed_t handed = queue->items[queue->first];
  queue->first = (queue->first + 1) & (queue->capacity - 1);
  queue->count--;
  return handed;
}

/* --- selection --- */

static uint32_t random_below(group_t *group, int limit) {
  group->random ^= group->random << 13;
  group->random ^= group->random >> 17;
  group->random ^= group->random << 5;
  return group->random % (uint32_t)limit;
}

static bool is_free(const member_t *member) {
  return member->wake != NULL && !member->held;
}

static bool any_is_free(const group_t *group) {
  for (int index = 0; index < group->size; index++) {
    if (is_free(&group->members[index])) return true;
  }
  return false;
}

static bool is_eligible(const member_t *member, bool free_only) {
  return free_only ? is_free(member) : member->wake != NULL;
}

/*
 * Searches from the member after `from`: the first one eligible, or the one with the fewest connections. Returns -1 if
 * none is present.
 */
static int search(const group_t *group, int from, bool least) {
  int best = -1;
  bool free_only = any_is_free(group);
  for (int step = 1; step <= group->size; step++) {
    int index = (from + step) % group->size;
    const member_t *member = &group->members[index];
    if (!is_eligible(member, free_only)) continue;
    if (!least) return index;
    if (best < 0 || member->live < group->members[best].live) best = index;
  }
  return best;
}

static int choose(group_t *group) {
  if (group->policy != POLICY_RANDOM) return search(group, group->latest, group->policy == POLICY_LEAST_CONNECTIONS);
  int there = 0;
  bool free_only = any_is_free(group);
  for (int index = 0; index < group->size; index++) there += is_eligible(&group->members[index], free_only);
  if (there == 0) return -1;
  int chosen = -1;
  for (uint32_t skip = random_below(group, there) + 1; skip > 0; skip--) chosen = search(group, chosen, false);
  return chosen;
}

/* The caller holds the lock. */
static bool assign(group_t *group, handed_t handed) {
  int chosen = choose(group);
  if (chosen < 0) return push(&group->orphans, handed);
  member_t *member = &group->members[chosen];
  if (!push(&member->queue, handed)) return false;
  group->latest = chosen;
  member->live++;
  /* This can fail only for a closing handle, and a member clears `wake` before it closes it. */
  if (member->queue.count == 1) (void)uv_async_send(member->wake);
  return true;
}

/* Distributes a member's queue anew; it may get some of it back. The lock must be held. */
static void pass_on(group_t *group, member_t *member) {
  for (int left = member->queue.count; left > 0; left--) {
    handed_t handed = pop(&member->queue);
    member->live--;
    if (assign(group, handed)) continue;
    (void)close(handed.fd);
    group->live[handed.tag]--;
    group->handshakes[handed.tag] -= handed.is_new;
  }
}

static void tell_acceptor(group_t *group) {
  if (!group->waiting) return;
  group->waiting = false;
  if (group->acceptor != NULL) (void)uv_async_send(group->acceptor);
}

/* --- the acceptor --- */

void group_accept(group_t *group, uv_async_t *wake) {
  uv_mutex_lock(&group->lock);
  group->acceptor = wake;
  uv_mutex_unlock(&group->lock);
}

/* The caller holds the lock. */
static bool is_full(const group_t *group, int tag, int limit, int most_handshakes) {
  if (tag < 0 || tag >= group->tags || group->live[tag] >= limit) return true;
  if (most_handshakes > 0 && group->handshakes[tag] >= most_handshakes) return true;
  return search(group, group->latest, false) < 0;
}

bool group_is_full(group_t *group, int tag, int limit, int most_handshakes) {
  uv_mutex_lock(&group->lock);
  bool full = is_full(group, tag, limit, most_handshakes);
  if (full) group->waiting = true;
  uv_mutex_unlock(&group->lock);
  return full;
}

void group_hold(group_t *group, int index, bool held) {
  if (index < 0 || index >= group->size) return;
  uv_mutex_lock(&group->lock);
  group->members[index].held = held;
  if (held) pass_on(group, &group->members[index]);
  uv_mutex_unlock(&group->lock);
}

bool group_hand(group_t *group, handed_t handed) {
  uv_mutex_lock(&group->lock);
  bool handed_over = assign(group, handed);
  if (handed_over) {
    group->live[handed.tag]++;
    group->handshakes[handed.tag] += handed.is_new;
  }
  uv_mutex_unlock(&group->lock);
  return handed_over;
}

/* --- members --- */

bool group_join(group_t *group, int index, uv_async_t *wake) {
  uv_mutex_lock(&group->lock);
  bool joins = index >= 0 && index < group->size && group->members[index].wake == NULL;
  if (joins) {
    member_t *member = &group->members[index];
    member->wake = wake;
    member->held = false;
    for (; group->orphans.count > 0 && push(&member->queue, group->orphans.items[group->orphans.first]); member->live++) {
      (void)pop(&group->orphans);
    }
    if (member->queue.count > 0) (void)uv_async_send(wake);
    tell_acceptor(group);
  }
  uv_mutex_unlock(&group->lock);
  return joins;
}

int group_take(group_t *group, int index, handed_t *taken, int most, bool *more) {
  uv_mutex_lock(&group->lock);
  queue_t *queue = &group->members[index].queue;
  int count = queue->count < most ? queue->count : most;
  for (int at = 0; at < count; at++) taken[at] = pop(queue);
  *more = queue->count > 0;
  uv_mutex_unlock(&group->lock);
  return count;
}

void group_freed(group_t *group, int index, int tag) {
  uv_mutex_lock(&group->lock);
  group->members[index].live--;
  group->live[tag]--;
  tell_acceptor(group);
  uv_mutex_unlock(&group->lock);
}

void group_admitted(group_t *group, int tag) {
  uv_mutex_lock(&group->lock);
  group->handshakes[tag]--;
  tell_acceptor(group);
  uv_mutex_unlock(&group->lock);
}

void group_part(group_t *group, int index) {
  uv_mutex_lock(&group->lock);
  member_t *member = &group->members[index];
  member->wake = NULL;
  pass_on(group, member);
  uv_mutex_unlock(&group->lock);
}
