/*
 * Polls sockets with libuv, and reports events as records in memory that it shares with TypeScript.
 *
 * The poller has no queues and makes no decisions. It reads readable sockets into the input slab and writes a record
 * for each event. Once per turn of the event loop it calls `turn`, in which TypeScript reads the records. Writes come
 * back as records, too.
 */
#ifndef REVIO_POLLER_H
#define REVIO_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "socket.h"

/* The most bytes to read from one socket at once. */
#define CHUNK (64 * 1024)

/*
 * One event: {slot, kind, offset or fault or listener's tag, length}. The offset of a datagram points to its peer_t,
 * that of a client's hello to the server name. The length of an accepted connection is the offset of its names_t in
 * the input, or -1.
 */
typedef struct {
  int32_t slot;
  int32_t kind;
  int32_t value;
  int32_t length;
} event_t;

enum event_kind { EVENT_INPUT, EVENT_ENDED, EVENT_FAILED, EVENT_WRITABLE, EVENT_ACCEPTED, EVENT_CONNECTED, EVENT_DATAGRAM,
                  EVENT_HELLO, EVENT_SECURED };

/* Both ends of an IPv4 connection, in host byte order. */
typedef struct {
  int32_t local_host;
  int32_t local_port;
  int32_t remote_host;
  int32_t remote_port;
} names_t;

/*
 * One run of bytes to write. Successive records of the same slot are written in one call. Afterwards `result` is the
 * number of bytes taken, or a fault.
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
 * Where the bytes of a write record are. From SOURCE_LENT on: in the buffers of the call. From SOURCE_FILE on, these
 * buffers hold a file_part_t each.
 */
enum source { SOURCE_INPUT, SOURCE_STAGE, SOURCE_LENT, SOURCE_FILE = 1 << 30 };

typedef struct {
  uint8_t *bytes;
  size_t size;
} memory_t;

typedef struct poller poller_t;

enum endpoint_flag {
  FLAG_LISTENER = 1,    /* Accepts, or receives datagrams; all others are streams. */
  FLAG_CONNECTING = 2,  /* Dialled, and not connected yet. */
  FLAG_WANTED = 4,      /* Input is wanted. */
  FLAG_ENDED = 8,       /* No more input: the peer has ended, or the stream is broken. */
  FLAG_ARMED = 16,      /* A write was short: reports when more can be written. */
  FLAG_TOLD = 32,       /* That was reported, and nothing written since. */
  FLAG_CLOSING = 64,    /* Only libuv still uses it. */
  FLAG_UNIX = 128,
  FLAG_FINISHED = 256,  /* This side has ended. */
  FLAG_GONE = 512,      /* The peer has broken the stream: reads what it left, even if paused. */
  FLAG_SETTLED = 1024,  /* While idle, no event can come, or only one that would repeat. */
  FLAG_TLS = 2048,      /* Encrypted: `poll.data` is its tls_t. */
  FLAG_NEW = 4096       /* Counts as one of the listener's handshakes. */
};

/* A polled descriptor. Kept small: it is the cost of an idle connection. */
typedef struct {
  uv_poll_t poll; /* First: libuv's callbacks cast its address. */
  poller_t *poller;
  int32_t slot;
  int32_t listener; /* The slot of the listener that accepted it. */
  int fd;
  uint16_t flags;
  uint16_t polled; /* The events that libuv polls for. */
} endpoint_t;

typedef struct listener {
  endpoint_t endpoint; /* First, too. */
  struct listener *next;
  int tag;     /* TypeScript's id for it. */
  int live;    /* Connections accepted and not closed. */
  int limit;   /* Stops accepting at this number. */
  int handshakes; /* Live connections whose handshake is not done, */
  int most_handshakes; /* and their limit; 0: connections are plain. */
  int datagrams; /* The family of a datagram socket, which accepts no one; else 0. */
  bool anywhere; /* The datagram socket is bound to all addresses. */
  bool named;    /* All its connections have the same address on this side: */
  address_t local;
  bool starved;  /* The OS had no descriptor or memory left for it. */
  bool paused;   /* Must not be polled. */
} listener_t;

/*
 * A slot number is an index in the table with a generation above it, so that no record or call for a closed connection
 * reaches the next one at the same index.
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
  struct membership *membership; /* Set once it is part of a group. */
  struct tls_work *tls; /* Set once an endpoint is encrypted. */
  bool in_turn;
  bool stopped;
  int endpoints; /* Neither closed nor released; keep the loop alive. */
  int handles;   /* Open in libuv; the poller must outlive them. */
  /* Returns for how many microseconds to delay the next poll, if only sockets are waited for. */
  int32_t (*turn)(poller_t *poller, int count);
  void (*released)(poller_t *poller); /* The last handle has closed. */
};

/* Returns 0, or libuv's error, after which only the poller's own memory is left to free. */
int poller_start(poller_t *poller, uv_loop_t *loop);
/* Closes every descriptor. Calls `released` once libuv has closed the handles. */
void poller_stop(poller_t *poller);
/* Performs `count` writes; `lent` are the buffers that their sources refer to. */
void poller_flush(poller_t *poller, int count, const memory_t *lent, uint32_t lent_count);
/* The bytes of a record; empty if they are out of bounds. */
memory_t poller_locate(poller_t *poller, const write_t *write, const memory_t *lent, uint32_t lent_count);

/* Opens an endpoint over `fd`. Returns its slot, or a fault after which the caller still owns `fd`. */
int endpoint_open(poller_t *poller, endpoint_t *endpoint, int fd, uint16_t flags);
/* Opens and watches a stream over `fd`. Returns its slot, or a fault after which the caller still owns `fd`. */
int stream_open(poller_t *poller, int fd, uint16_t flags);
/* The endpoint of a slot; NULL if it is gone. */
endpoint_t *endpoint_at(poller_t *poller, int32_t slot);
/* Polls for the events that the flags call for. */
void endpoint_watch(endpoint_t *endpoint);
void endpoint_read(endpoint_t *endpoint, bool wanted);
/* Reports that a stream is broken, and why. */
void endpoint_broken(endpoint_t *endpoint, int fault);
/* Reports that more can be written. */
void endpoint_writable(endpoint_t *endpoint);
/* Stops using a descriptor and returns it; the caller then owns it. */
int endpoint_release(endpoint_t *endpoint);
/* Makes room for one more record, by a turn if needed; false if a turn is running. */
bool poller_has_room(poller_t *poller);
/* The same for several records. */
bool poller_has_rooms(poller_t *poller, int count);
/* The same for a record and `size` bytes of input. */
bool poller_has_input_room(poller_t *poller, size_t size);
void poller_record(poller_t *poller, int32_t slot, enum event_kind kind, int32_t value, int32_t length);
/* The same for an event whose bytes are the next `length` of the input, which are in use from then on. */
void poller_record_bytes(poller_t *poller, int32_t slot, enum event_kind kind, size_t length);

/* Opens a listener over `fd`. Returns its slot, or a fault after which the caller still owns `fd`. */
int listener_open(poller_t *poller, int fd, int tag, int limit, uint16_t flags);
/* Records that a stream was accepted. There must be room for a record and a names_t. Its ends are NULL if unknown. */
void stream_accepted(poller_t *poller, int32_t slot, int tag, const address_t *local, const address_t *remote);
/* Handles libuv's events of a listener: accepts a bounded number. */
void listener_ready(listener_t *listener, int events);
void listener_closed(listener_t *listener);
/* Whether to poll it at all. */
void listener_read(listener_t *listener, bool wanted);
/* Stops polling it for a growing time: it stays readable, but accepting fails. */
void listener_starve(listener_t *listener);
/* Makes its connections start with a handshake; limits how many are in progress. */
void listener_secure(listener_t *listener, int most_handshakes);
/* A handshake is done or abandoned. */
void listener_admitted(endpoint_t *endpoint);
/*
 * Accepts one more, regardless of the limit and without a record. Returns its slot, INT32_MAX if it was handed over,
 * or a fault.
 */
int listener_accept(listener_t *listener);
/* Starts accepting on every listener. */
void listeners_start(poller_t *poller);
/* A connection of the listener in that slot is closed, which frees a descriptor. */
void listener_freed(poller_t *poller, int32_t slot);
void listeners_retry(uv_timer_t *timer);

#endif
