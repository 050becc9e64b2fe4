/*
 * TLS of a stream, inside the poller's turn: what is received is decrypted straight into the input slab, and what is
 * written is encrypted and sent in one call. The poller calls it for endpoints with FLAG_TLS; `tls_t` is their extension.
 */
#ifndef REVIO_TLS_H
#define REVIO_TLS_H

#include "poller.h"
#include "tls-context.h"
#include "tls-session.h"

enum tls_flag {
  TLS_OPEN = 1,     /* The handshake is done. */
  TLS_ASKING = 2,   /* TypeScript has been asked for a context, and has not answered. */
  TLS_CHOSEN = 4,   /* It has, or is not asked. */
  TLS_REFUSED = 8,  /* It wants no connection. */
  TLS_BLOCKED = 16, /* A write was short: TypeScript waits to be told when more goes. */
  TLS_ENDING = 32,  /* This side ends, and that has not gone yet. */
  TLS_NOTIFIED = 64, /* close_notify has been made. */
  TLS_FAILED = 128   /* OpenSSL must not be asked anything any more. */
};

/* Ciphertext that waits; most of the time there is none. */
typedef struct {
  uint8_t *bytes;
  uint32_t start;
  uint32_t end;
} backlog_t;

typedef struct tls {
  SSL *ssl;
  tls_context_t *context;
  tls_sessions_t *sessions; /* Of a client; NULL: its sessions are not kept. */
  backlog_t rest;  /* To be sent: what the socket has not taken. */
  backlog_t stash; /* To be decrypted: what was read while the handshake waits for TypeScript, or before it. */
  uint32_t owed;   /* Plaintext in `rest` that was not told as taken: it will be offered again. */
  uint32_t error;  /* OpenSSL's, of what failed. */
  uint8_t flags;
} tls_t;

/* One write encrypts so much before it sends. */
#define TLS_BATCH (64 * 1024)
#define TLS_RECORD (16 * 1024)
/* Ciphertext is larger than its plaintext, and answers to the peer's control records come behind it. */
#define TLS_OUT (TLS_BATCH + 32 * 1024)
/* The most that one endpoint brings at once: a chunk, and the record of which OpenSSL has the beginning. */
#define TLS_INPUT (CHUNK + 20000)
#define TLS_EVENTS 4
/* Steps of handshakes in one poll; a step may take a third of a millisecond, and others wait meanwhile. */
#define TLS_STEPS 16

/* What the endpoints of a poller work with, one at a time. */
typedef struct tls_work {
  BIO *bio;   /* All of them read from this memory and write to it: OpenSSL does neither on its own. */
  tls_t *tls; /* Whose turn it is. */
  const uint8_t *in; /* Received, and not yet used by OpenSSL. */
  size_t in_length;
  size_t out_length;
  int steps; /* That are left in this poll. */
  uint8_t cipher[CHUNK];
  uint8_t plain[TLS_RECORD];
  uint8_t out[TLS_OUT];
} tls_work_t;

static inline tls_t *tls_of(const endpoint_t *endpoint) {
  return endpoint->poll.data;
}

/*
 * Makes TLS of a plain stream: 0, or a fault that left it as it was. The handshake goes on when libuv tells. A client may
 * ask for a name, and resume a session; both may be NULL.
 */
int tls_begin(endpoint_t *endpoint, tls_context_t *context, const char *name, tls_sessions_t *sessions);
/* Has bytes decrypted that were received by others: 0 or a fault. */
int tls_feed(endpoint_t *endpoint, const uint8_t *bytes, size_t length);
/* What TypeScript answers to EVENT_HELLO; the context of the listener with NULL. */
void tls_choose(endpoint_t *endpoint, tls_context_t *context, bool refused);
/* The endpoint goes. */
void tls_free(endpoint_t *endpoint);

/* The poller goes, after its endpoints. NULL is nothing. */
void tls_work_free(tls_work_t *work);

/* What libuv says of it. */
void tls_ready(endpoint_t *endpoint, int events);
/* Whether its input is polled for. */
bool tls_reads(const endpoint_t *endpoint);
/* As socket_send. */
int tls_send(endpoint_t *endpoint, const struct iovec *pieces, int count);
/* Ciphertext that the socket has not taken. */
static inline size_t tls_waiting(const endpoint_t *endpoint) {
  const tls_t *tls = tls_of(endpoint);
  return tls->rest.end - tls->rest.start;
}
/* close_notify and the end, behind what waits: 0 or a fault. */
int tls_end(endpoint_t *endpoint);

/* Goes on with a handshake: libuv says that something can be read or written. */
void tls_negotiate(endpoint_t *endpoint);
/* Decrypts what the working memory holds, and records it. */
void tls_decrypt(endpoint_t *endpoint);
/* Ends the stream with what OpenSSL has found wrong. */
void tls_fail(endpoint_t *endpoint);
/* Ends it without close_notify. */
void tls_truncated(endpoint_t *endpoint);

#endif
