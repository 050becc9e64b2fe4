/*
 * Sockets polled by libuv, and what became of them as records in memory that is shared with TypeScript.
 *
 * The poller keeps no queue and makes no decision. It reads what is readable into the input slab, and notes each event
 * as a record; once per turn of the loop it calls `turn`, where TypeScript walks the records. What is to be written
 * comes back as records as well.
 */
#ifndef REVIO_POLLER_H
#define REVIO_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "socket.h"

/* What is read from one socket at once. */
#define CHUNK (64 * 1024)

/*
 * One event: {slot, kind, offset or fault or listener's tag, length}. At a datagram's offset its sender comes first; at
 * that of a client's hello is the name that it asks for. An accepted connection's length is where its names_t is in the
 * input, or -1.
 */
typedef struct {
  int32_t slot;
  int32_t kind;
  int32_t value;
  int32_t length;
} event_t;

enum event_kind { EVENT_INPUT, EVENT_ENDED, EVENT_FAILED, EVENT_WRITABLE, EVENT_ACCEPTED, EVENT_CONNECTED, EVENT_DATAGRAM,
                  EVENT_HELLO, EVENT_SECURED };

/* Both ends of a connection over IPv4, in the machine's own byte order. */
typedef struct {
  int32_t local_host;
  int32_t local_port;
  int32_t remote_host;
  int32_t remote_port;
} names_t;

/*
 * One run of bytes to be written. Successive records of the same slot go out in one call. Afterwards `result` is how
 * many of the bytes were taken, or a fault.
 */
typedef struct {
  int32_t slot;
  uint32_t source;
  uint32_t offset;
  union {
    int32_t length;
    int32_t result;
  };
} write_t;

/*
 * Where the bytes of a write record lie; from SOURCE_LENT on in the buffers that came with the call. From SOURCE_FILE on
 * the buffers hold a file_part_t each.
 */
enum source { SOURCE_INPUT, SOURCE_STAGE, SOURCE_LENT, SOURCE_FILE = 1 << 30 };

typedef struct {
  uint8_t *bytes;
  size_t size;
} memory_t;

typedef struct poller poller_t;

enum endpoint_flag {
  FLAG_LISTENER = 1,    /* It accepts, or takes datagrams; all others are streams. */
  FLAG_CONNECTING = 2,  /* A dialled one that is not through yet. */
  FLAG_WANTED = 4,      /* Input is wanted. */
  FLAG_ENDED = 8,       /* Nothing more can come: the peer has ended, or the stream is broken. */
  FLAG_ARMED = 16,      /* A write was short: to be told when more goes. */
  FLAG_TOLD = 32,       /* That has been told, and nothing was written since. */
  FLAG_CLOSING = 64,    /* Only libuv still knows of it. */
  FLAG_UNIX = 128,
  FLAG_FINISHED = 256,  /* This side has ended. */
  FLAG_GONE = 512,      /* The peer has broken the stream: what it left is read, wanted or not. */
  FLAG_SETTLED = 1024,  /* While nothing is read or written there is nothing to hear of, or nothing that would not repeat. */
  FLAG_TLS = 2048,      /* Its bytes are encrypted: `poll.data` is its tls_t. */
  FLAG_NEW = 4096       /* Counted among the listener's handshakes. */
};

/* A polled descriptor. Kept small: it is what an idle connection costs. */
typedef struct {
  uv_poll_t poll; /* First: libuv's callbacks get its address. */
  poller_t *poller;
  int32_t slot;
  int32_t listener; /* The slot of the one that accepted it. */
  int fd;
  uint16_t flags;
  uint16_t polled; /* What libuv has been asked for. */
} endpoint_t;

typedef struct listener {
  endpoint_t endpoint; /* First, too. */
  struct listener *next;
  int tag;     /* What TypeScript knows it by. */
  int live;    /* Connections accepted and not closed. */
  int limit;   /* At which it waits with accepting. */
  int handshakes; /* Of those that are live, the ones whose handshake is not done, */
  int most_handshakes; /* and at how many it waits; 0: connections are plain. */
  int datagrams; /* The family of a socket for datagrams, which accepts nobody; else 0. */
  bool anywhere; /* That socket is bound to all addresses. */
  bool starved;  /* The system had no descriptor or memory left for it. */
  bool paused;   /* To be left alone. */
} listener_t;

/*
 * Slots are numbered by their index in the table and a generation above it, so that no record or call for a connection
 * that is gone reaches the next one at the same index.
 */
#define INDEX_BITS 20
#define MAX_SLOTS (1 << INDEX_BITS)

typedef struct {
  endpoint_t *endpoint;
  uint32_t generation;
  int32_t next_free;
} slot_t;

struct poller {
  uv_loop_t *loop;
  uv_check_t check;
  uv_timer_t retry;
  memory_t input;
  size_t input_top;
  event_t *events;
  int event_count;
  int event_capacity;
  memory_t stage;
  write_t *writes;
  int write_capacity;
  slot_t *slots;
  int slot_count;
  int slot_capacity;
  int first_free;
  listener_t *listeners;
  bool accepting;
  int retries;
  struct membership *membership; /* There once it is part of a group. */
  struct tls_work *tls; /* There once something is encrypted. */
  bool in_turn;
  bool stopped;
  int endpoints; /* Neither closed nor given away; while there are any the loop lives. */
  int handles;   /* Open with libuv; the poller must outlive them. */
  /* Answers for how many microseconds to hold back the next poll, when nothing but sockets is waited for. */
  int32_t (*turn)(poller_t *poller, int count);
  void (*released)(poller_t *poller); /* The last handle is gone. */
};

/* 0, or libuv's error, after which nothing is left but the memory of the poller itself. */
int poller_start(poller_t *poller, uv_loop_t *loop);
/* Closes every descriptor; `released` follows when libuv has let go of them. */
void poller_stop(poller_t *poller);
/* Does `count` writes; `lent` are the buffers that their sources name. */
void poller_flush(poller_t *poller, int count, const memory_t *lent, uint32_t lent_count);
/* The bytes of a record; none when they are not all there. */
memory_t poller_locate(poller_t *poller, const write_t *write, const memory_t *lent, uint32_t lent_count);

/* The slot of a new endpoint over `fd`, or a fault after which `fd` is still the caller's. */
int endpoint_open(poller_t *poller, endpoint_t *endpoint, int fd, uint16_t flags);
/* The slot of a new stream over `fd`, watched, or a fault after which `fd` is still the caller's. */
int stream_open(poller_t *poller, int fd, uint16_t flags);
/* The endpoint of a slot; NULL when it is gone. */
endpoint_t *endpoint_at(poller_t *poller, int32_t slot);
/* Asks libuv for what the flags call for. */
void endpoint_watch(endpoint_t *endpoint);
void endpoint_read(endpoint_t *endpoint, bool wanted);
/* Tells that a stream is broken, and why. */
void endpoint_broken(endpoint_t *endpoint, int fault);
/* Tells that more of a write goes now. */
void endpoint_writable(endpoint_t *endpoint);
/* Lets go of a descriptor and answers it: the caller's from now on. */
int endpoint_release(endpoint_t *endpoint);
/* There is room for one more record, if need be after a turn; false while one runs. */
bool poller_has_room(poller_t *poller);
/* The same for several. */
bool poller_has_rooms(poller_t *poller, int count);
/* There is room for one more record and `size` bytes, likewise. */
bool poller_has_input_room(poller_t *poller, size_t size);
void poller_record(poller_t *poller, int32_t slot, enum event_kind kind, int32_t value, int32_t length);

/* The slot of a new listener over `fd`, or a fault after which `fd` is still the caller's. */
int listener_open(poller_t *poller, int fd, int tag, int limit, uint16_t flags);
/* Notes that a stream was accepted. There is room for a record and a names_t. */
void stream_accepted(poller_t *poller, int32_t slot, int tag);
/* What libuv says of a listener: accepts a bounded number. */
void listener_ready(listener_t *listener, int events);
void listener_closed(listener_t *listener);
/* Whether it is to be polled at all. */
void listener_read(listener_t *listener, bool wanted);
/* Leaves it alone for a growing while: it stays readable, and what it is ready for fails. */
void listener_starve(listener_t *listener);
/* What it accepts begins with a handshake; so many may be under way. */
void listener_secure(listener_t *listener, int most_handshakes);
/* A handshake is done, or given up. */
void listener_admitted(endpoint_t *endpoint);
/* Accepts one more, whatever the limit, without a record: its slot, INT32_MAX where it was handed over, or a fault. */
int listener_accept(listener_t *listener);
/* Begins to accept, on every listener. */
void listeners_start(poller_t *poller);
/* A connection of the listener in that slot is gone; a descriptor is free again. */
void listener_freed(poller_t *poller, int32_t slot);
void listeners_retry(uv_timer_t *timer);

#endif
