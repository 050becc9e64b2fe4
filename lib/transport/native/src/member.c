#include "member.h"

#include <errno.h>
#include <stdlib.h>

#include "group.h"

/* The most connections to open at once, so that existing connections get their turn; the same as in listener.c. */
#define BATCH 64

/* The membership of a poller; used only by the poller's thread. */
struct membership {
  uv_async_t wake; /* First: libuv's callbacks get its address. */
  poller_t *poller;
  group_t *group;
  int index; /* -1 for the acceptor. */
  bool parted;
};

/* Negative, because slots start at 0 and -1 means no listener. */
static int32_t listener_of(int tag) {
  return -2 - tag;
}

static void open_handed(struct membership *membership, handed_t handed) {
  poller_t *poller = membership->poller;
  bool has_room = poller_has_input_room(poller, sizeof(names_t)); /* The turn that makes room may stop the poller. */
  int slot = -1;
  uint16_t flags = FLAG_WANTED | (handed.is_unix ? FLAG_UNIX : 0) | (handed.is_new ? FLAG_NEW : 0);
  if (has_room && !poller->stopped) slot = stream_open(poller, handed.fd, flags);
  if (slot < 0) {
    if (handed.is_new) group_admitted(membership->group, handed.tag);
    group_freed(membership->group, membership->index, handed.tag);
    if (!group_hand(membership->group, handed)) (void)socket_close(handed.fd, true);
    return;
  }
  endpoint_at(poller, slot)->listener = listener_of(handed.tag);
  stream_accepted(poller, slot, handed.tag, NULL, NULL);
}

static void on_wake(uv_async_t *wake) {
  struct membership *membership = (struct membership *)wake;
  poller_t *poller = membership->poller;
  if (membership->parted || poller->stopped) return;
  if (membership->index < 0) return listeners_retry(&poller->retry);
  handed_t taken[BATCH];
  bool more = false;
  int count = group_take(membership->group, membership->index, taken, BATCH, &more);
  for (int at = 0; at < count; at++) open_handed(membership, taken[at]);
  if (more && !membership->parted) (void)uv_async_send(wake);
}

static void on_wake_closed(uv_handle_t *handle) {
  struct membership *membership = (struct membership *)handle;
  poller_t *poller = membership->poller;
  group_leave(membership->group);
  poller->membership = NULL;
  free(membership);
  if (--poller->handles == 0) poller->released(poller);
}

/* Takes over the reference to the group, unless it returns NULL. */
static struct membership *enter(poller_t *poller, group_t *group, int index) {
  struct membership *membership = poller->membership == NULL ? calloc(1, sizeof *membership) : NULL;
  if (membership == NULL || uv_async_init(poller->loop, &membership->wake, on_wake) != 0) {
    free(membership);
    return NULL;
  }
  uv_unref((uv_handle_t *)&membership->wake);
  poller->handles++;
  membership->poller = poller;
  membership->group = group;
  membership->index = index;
  poller->membership = membership;
  return membership;
}

int member_found(poller_t *poller, int members, int tags, int policy) {
  group_t *group = group_create(members, tags, (enum policy)policy);
  if (group == NULL) return FAULT(CALL_MALLOC, ENOMEM);
  struct membership *membership = enter(poller, group, -1);
  if (membership == NULL) {
    group_leave(group);
    return FAULT(CALL_MALLOC, ENOMEM);
  }
  group_accept(group, &membership->wake);
  return group_id(group);
}

int member_join(poller_t *poller, int32_t id, int index) {
  group_t *group = group_find(id);
  if (group == NULL) return FAULT(CALL_ACCEPT, EBADF);
  struct membership *membership = enter(poller, group, index);
  if (membership == NULL) {
    group_leave(group);
    return FAULT(CALL_MALLOC, ENOMEM);
  }
  if (group_join(group, index, &membership->wake)) return 0;
  membership->parted = true; /* Stays allocated, but unused, until the poller stops. */
  return FAULT(CALL_ACCEPT, EADDRINUSE);
}

void member_hold(poller_t *poller, int index, bool held) {
  if (member_accepts(poller)) group_hold(poller->membership->group, index, held);
}

void member_part(poller_t *poller) {
  struct membership *membership = poller->membership;
  if (membership == NULL || membership->parted) return;
  membership->parted = true;
  if (membership->index < 0) group_accept(membership->group, NULL);
  else group_part(membership->group, membership->index);
}

void member_close(poller_t *poller) {
  if (poller->membership == NULL) return;
  member_part(poller);
  uv_close((uv_handle_t *)&poller->membership->wake, on_wake_closed);
}

bool member_accepts(const poller_t *poller) {
  return poller->membership != NULL && poller->membership->index < 0;
}

bool member_is_full(const listener_t *listener) {
  const struct membership *membership = listener->endpoint.poller->membership;
  return membership->parted || group_is_full(membership->group, listener->tag, listener->limit, listener->most_handshakes);
}

int member_hand(const listener_t *listener, int fd) {
  handed_t handed = {
      .fd = fd,
      .tag = listener->tag,
      .is_unix = (listener->endpoint.flags & FLAG_UNIX) != 0,
      .is_new = listener->most_handshakes > 0,
  };
  return group_hand(listener->endpoint.poller->membership->group, handed) ? 0 : FAULT(CALL_MALLOC, ENOMEM);
}

bool member_admitted(poller_t *poller, int32_t listener) {
  const struct membership *membership = poller->membership;
  if (listener > -2 || membership == NULL) return false;
  group_admitted(membership->group, -2 - listener);
  return true;
}

bool member_freed(poller_t *poller, int32_t listener) {
  const struct membership *membership = poller->membership;
  if (listener > -2 || membership == NULL) return false;
  group_freed(membership->group, membership->index, -2 - listener);
  return true;
}
