#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "member.h"
#include "tls.h"

/* --- slots --- */

static int grow(poller_t *poller) {
  int capacity = poller->slot_capacity == 0 ? 64 : poller->slot_capacity * 2;
  if (capacity > MAX_SLOTS) return FAULT(CALL_MALLOC, ENFILE);
  slot_t *slots = realloc(poller->slots, (size_t)capacity * sizeof *slots);
  if (slots == NULL) return FAULT(CALL_MALLOC, ENOMEM);
  poller->slots = slots;
  poller->slot_capacity = capacity;
  return 0;
}

static int take_slot(poller_t *poller, endpoint_t *endpoint) {
  int index = poller->first_free;
  if (index >= 0) poller->first_free = poller->slots[index].next_free;
  else {
    int fault = poller->slot_count == poller->slot_capacity ? grow(poller) : 0;
    if (fault != 0) return fault;
    index = poller->slot_count++;
    poller->slots[index].generation = 0;
  }
  slot_t *slot = &poller->slots[index];
  slot->endpoint = endpoint;
  endpoint->slot = (int32_t)(slot->generation << INDEX_BITS) | index;
  return 0;
}

static void free_slot(poller_t *poller, int32_t number) {
  int index = number & (MAX_SLOTS - 1);
  slot_t *slot = &poller->slots[index];
  slot->endpoint = NULL;
  /* Slot numbers stay positive, so that a result can be either a slot or a fault. */
  slot->generation = (slot->generation + 1) & (INT32_MAX >> INDEX_BITS);
  slot->next_free = poller->first_free;
  poller->first_free = index;
}

endpoint_t *endpoint_at(poller_t *poller, int32_t number) {
  int index = number & (MAX_SLOTS - 1);
  if (number < 0 || index >= poller->slot_count) return NULL;
  endpoint_t *endpoint = poller->slots[index].endpoint;
  if (endpoint == NULL || endpoint->slot != number || (endpoint->flags & FLAG_CLOSING)) return NULL;
  return endpoint;
}

/* --- turns --- */

static int32_t run_turn(poller_t *poller) {
  int count = poller->event_count;
  if (count == 0 || poller->in_turn || poller->stopped) return 0;
  poller->in_turn = true;
  int32_t pause = poller->turn(poller, count);
  poller->in_turn = false;
  poller->event_count = 0;
  poller->input_top = 0;
  return pause;
}

static void on_check(uv_check_t *check) {
  poller_t *poller = check->data;
  if (poller->tls != NULL) poller->tls->steps = TLS_STEPS;
  int32_t pause = run_turn(poller);
  if (pause <= 0 || poller->stopped || uv_backend_timeout(poller->loop) == 0) return;
  struct timespec time = {.tv_nsec = pause % 1000000 * 1000L};
  (void)nanosleep(&time, NULL); /* A signal may end it early, which does no harm. */
}

bool poller_has_room(poller_t *poller) {
  return poller_has_rooms(poller, 1);
}

bool poller_has_rooms(poller_t *poller, int count) {
  if (poller->event_capacity - poller->event_count < count) (void)run_turn(poller);
  return poller->event_capacity - poller->event_count >= count && !poller->in_turn;
}

bool poller_has_input_room(poller_t *poller, size_t size) {
  if (poller->input.size - poller->input_top < size) (void)run_turn(poller);
  return poller_has_room(poller) && poller->input.size - poller->input_top >= size;
}

void poller_record(poller_t *poller, int32_t slot, enum event_kind kind, int32_t value, int32_t length) {
  poller->events[poller->event_count++] = (event_t){slot, (int32_t)kind, value, length};
}

void poller_record_bytes(poller_t *poller, int32_t slot, enum event_kind kind, size_t length) {
  poller_record(poller, slot, kind, (int32_t)poller->input_top, (int32_t)length);
  poller->input_top += (length + 7) & ~(size_t)7;
}

/* --- stream events --- */

void endpoint_broken(endpoint_t *endpoint, int fault) {
  endpoint->flags = (uint16_t)((endpoint->flags | FLAG_ENDED | FLAG_SETTLED) & ~FLAG_ARMED);
  poller_record(endpoint->poller, endpoint->slot, EVENT_FAILED, fault, 0);
}

static bool is_read(const endpoint_t *endpoint) {
  return (endpoint->flags & (FLAG_WANTED | FLAG_GONE)) && !(endpoint->flags & (FLAG_ENDED | FLAG_CLOSING));
}

/* One system call for each ready socket: libuv reports the rest again. */
static void receive(endpoint_t *endpoint) {
  poller_t *poller = endpoint->poller;
  if (!poller_has_input_room(poller, CHUNK)) return;
  /* The turn that made room may have closed or paused this endpoint. */
  if (!is_read(endpoint)) return;
  int got = socket_receive(endpoint->fd, poller->input.bytes + poller->input_top, CHUNK);
  if (got > 0) {
    poller_record_bytes(poller, endpoint->slot, EVENT_INPUT, (size_t)got);
    endpoint->flags &= (uint16_t)~FLAG_SETTLED;
  } else if (got == 0) {
    endpoint->flags |= FLAG_ENDED;
    poller_record(poller, endpoint->slot, EVENT_ENDED, 0, 0);
  } else if (!would_block(got)) endpoint_broken(endpoint, got);
}

void endpoint_writable(endpoint_t *endpoint) {
  if (endpoint->flags & FLAG_TOLD) {
    endpoint->flags = (uint16_t)(endpoint->flags & ~(FLAG_TOLD | FLAG_ARMED));
    return endpoint_watch(endpoint);
  }
  if (!poller_has_room(endpoint->poller)) return;
  /* The turn that made room may have written the rest, or closed this endpoint. */
  if ((endpoint->flags & (FLAG_ARMED | FLAG_CLOSING)) != FLAG_ARMED) return;
  endpoint->flags |= FLAG_TOLD;
  poller_record(endpoint->poller, endpoint->slot, EVENT_WRITABLE, 0, 0);
}

/*
 * The endpoint is neither read nor written, so the only possible event is a break. The peer's end, or one of this
 * side, may precede it.
 */
static void look_for_break(endpoint_t *endpoint) {
  int trouble = socket_trouble(endpoint->fd);
  bool ended = endpoint->flags & FLAG_ENDED;
  if (trouble == TROUBLE_ERROR && !ended) {
    endpoint->flags |= FLAG_GONE; /* Delivers what the peer sent first; reading then reports the error. */
    return endpoint->flags & FLAG_TLS ? tls_ready(endpoint, UV_READABLE) : receive(endpoint);
  }
  if (trouble == TROUBLE_ERROR || (trouble == TROUBLE_HANGUP && ended && !(endpoint->flags & FLAG_FINISHED))) {
    if (poller_has_room(endpoint->poller) && !(endpoint->flags & (FLAG_CLOSING | FLAG_SETTLED))) {
      endpoint_broken(endpoint, socket_broken(endpoint->fd));
    }
    return;
  }
  /* Both sides have ended, or a condition persists that the OS would report again and again. */
  if (trouble != TROUBLE_NONE || !socket_drop_urgent(endpoint->fd)) endpoint->flags |= FLAG_SETTLED;
}

/*
 * Keeps polling an event that is no longer wanted until it occurs once more. Most endpoints that end are closed before
 * that, and most that pause resume before that; both save a system call.
 */
static void stream_ready(endpoint_t *endpoint, int events) {
  bool wanted = true;
  if (events & UV_PRIORITIZED) {
    look_for_break(endpoint);
    return endpoint_watch(endpoint);
  }
  if (endpoint->flags & FLAG_TLS) return tls_ready(endpoint, events);
  if (events & UV_READABLE) {
    wanted = is_read(endpoint);
    if (wanted) receive(endpoint);
  }
  if (events & UV_WRITABLE) {
    if (endpoint->flags & FLAG_ARMED) endpoint_writable(endpoint);
    else wanted = false;
  }
  if (!wanted) endpoint_watch(endpoint);
}

static void connected(endpoint_t *endpoint) {
  if (!poller_has_room(endpoint->poller) || (endpoint->flags & FLAG_CLOSING)) return;
  int fault = socket_connected(endpoint->fd);
  endpoint->flags = (uint16_t)(endpoint->flags & ~(FLAG_CONNECTING | FLAG_ARMED));
  if (fault == 0) poller_record(endpoint->poller, endpoint->slot, EVENT_CONNECTED, 0, 0);
  else endpoint_broken(endpoint, fault);
  endpoint_watch(endpoint);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  endpoint_t *endpoint = (endpoint_t *)poll;
  if (status < 0) {
    /* The socket has a pending error, and libuv has stopped polling it. The calls below report it in order. */
    events = endpoint->polled;
    endpoint->polled = 0;
  }
  if (endpoint->flags & FLAG_LISTENER) listener_ready((listener_t *)endpoint, events);
  else if (endpoint->flags & FLAG_CONNECTING) connected(endpoint);
  else stream_ready(endpoint, events);
  if (status < 0) endpoint_watch(endpoint);
}

/* --- endpoints --- */

static int wish(const endpoint_t *endpoint) {
  int events = 0;
  bool read = endpoint->flags & FLAG_TLS ? tls_reads(endpoint) : is_read(endpoint);
  if (!(endpoint->flags & FLAG_CONNECTING) && read) events |= UV_READABLE;
  if (endpoint->flags & FLAG_ARMED) events |= UV_WRITABLE;
  if (events != 0 || (endpoint->flags & (FLAG_LISTENER | FLAG_CONNECTING | FLAG_SETTLED))) return events;
  /* No one uses urgent data, but polling for any event also reports errors and the end of both directions. */
  return UV_PRIORITIZED;
}

void endpoint_watch(endpoint_t *endpoint) {
  if (endpoint->flags & FLAG_CLOSING) return;
  int events = wish(endpoint);
  if (events == endpoint->polled) return;
  endpoint->polled = (uint16_t)events;
  /* Neither call can fail: endpoint_open has checked that libuv can poll this descriptor and that nothing else does. */
  if (events == 0) (void)uv_poll_stop(&endpoint->poll);
  else (void)uv_poll_start(&endpoint->poll, events, on_ready);
}

int endpoint_open(poller_t *poller, endpoint_t *endpoint, int fd, uint16_t flags) {
  int fault = take_slot(poller, endpoint);
  if (fault != 0) return fault;
  int error = uv_poll_init(poller->loop, &endpoint->poll, fd);
  if (error != 0) {
    free_slot(poller, endpoint->slot);
    return FAULT(CALL_POLL, -error);
  }
  poller->handles++;
  /* An endpoint that is paused or waiting is not polled, and would not keep the loop alive by itself. */
  if (poller->endpoints++ == 0) uv_ref((uv_handle_t *)&poller->check);
  endpoint->poll.data = NULL;
  endpoint->poller = poller;
  endpoint->listener = -1;
  endpoint->fd = fd;
  endpoint->flags = flags;
  endpoint->polled = 0;
  return endpoint->slot;
}

int stream_open(poller_t *poller, int fd, uint16_t flags) {
  endpoint_t *endpoint = malloc(sizeof *endpoint);
  if (endpoint == NULL) return FAULT(CALL_MALLOC, ENOMEM);
  int slot = endpoint_open(poller, endpoint, fd, flags);
  if (slot < 0) free(endpoint);
  else endpoint_watch(endpoint);
  return slot;
}

void endpoint_read(endpoint_t *endpoint, bool wanted) {
  if (endpoint->flags & FLAG_LISTENER) listener_read((listener_t *)endpoint, wanted);
  else if (!wanted) endpoint->flags &= (uint16_t)~FLAG_WANTED;
  else {
    endpoint->flags |= FLAG_WANTED;
    endpoint_watch(endpoint);
  }
}

static void handle_gone(poller_t *poller) {
  if (--poller->handles == 0) poller->released(poller);
}

static void on_endpoint_closed(uv_handle_t *handle) {
  endpoint_t *endpoint = (endpoint_t *)handle;
  poller_t *poller = endpoint->poller;
  free_slot(poller, endpoint->slot);
  free(endpoint);
  handle_gone(poller);
}

int endpoint_release(endpoint_t *endpoint) {
  int fd = endpoint->fd;
  endpoint->flags |= FLAG_CLOSING;
  if (endpoint->flags & FLAG_TLS) tls_free(endpoint);
  listener_admitted(endpoint);
  if (endpoint->flags & FLAG_LISTENER) listener_closed((listener_t *)endpoint);
  else listener_freed(endpoint->poller, endpoint->listener);
  if (--endpoint->poller->endpoints == 0) uv_unref((uv_handle_t *)&endpoint->poller->check);
  uv_close((uv_handle_t *)&endpoint->poll, on_endpoint_closed);
  return fd;
}

/* --- beginning and end --- */

int poller_start(poller_t *poller, uv_loop_t *loop) {
  int error = uv_check_init(loop, &poller->check);
  if (error != 0) return error;
  poller->loop = loop;
  poller->first_free = -1;
  poller->check.data = poller;
  poller->handles = 2;
  /* Neither of these can fail. */
  (void)uv_check_start(&poller->check, on_check);
  (void)uv_timer_init(loop, &poller->retry);
  uv_unref((uv_handle_t *)&poller->check);
  poller->retry.data = poller;
  return 0;
}

static void on_check_closed(uv_handle_t *handle) {
  handle_gone(handle->data);
}

void poller_stop(poller_t *poller) {
  if (poller->stopped) return;
  poller->stopped = true;
  for (int index = 0; index < poller->slot_count; index++) {
    endpoint_t *endpoint = poller->slots[index].endpoint;
    if (endpoint == NULL || (endpoint->flags & FLAG_CLOSING)) continue;
    (void)socket_close(endpoint_release(endpoint), false);
  }
  member_close(poller);
  uv_close((uv_handle_t *)&poller->check, on_check_closed);
  uv_close((uv_handle_t *)&poller->retry, on_check_closed);
}
