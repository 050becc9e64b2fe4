/*
 * TLS of a stream, inside the poller's turn: decrypts input directly into the input slab, and encrypts and sends a
 * write in one call. The poller calls it for endpoints with FLAG_TLS; `tls_t` extends them.
 */
#ifndef REVIO_TLS_H
#define REVIO_TLS_H

#include "poller.h"
#include "tls-context.h"
#include "tls-session.h"

enum tls_flag {
  TLS_OPEN = 1,     /* The handshake is done. */
  TLS_ASKING = 2,   /* TypeScript is selecting a context. */
  TLS_CHOSEN = 4,   /* TypeScript has selected one, or does not. */
  TLS_REFUSED = 8,  /* TypeScript refused the connection. */
  TLS_BLOCKED = 16, /* A write was short: TypeScript waits until more can be written. */
  TLS_ENDING = 32,  /* This side ends, but the end has not been sent. */
  TLS_NOTIFIED = 64, /* close_notify has been queued. */
  TLS_FAILED = 128   /* OpenSSL must not be called any more. */
};

/* Pending ciphertext; usually empty. */
typedef struct {
  uint8_t *bytes;
  uint32_t start;
  uint32_t end;
} backlog_t;

typedef struct tls {
  SSL *ssl;
  tls_context_t *context;
  tls_sessions_t *sessions; /* Of a client; NULL: sessions are not stored. */
  backlog_t rest;  /* To send: the socket has not taken it. */
  backlog_t stash; /* To decrypt: read before the handshake, or while it waits for TypeScript. */
  uint32_t owed;   /* Plaintext in `rest` not reported as taken: it will be offered again. */
  uint32_t error;  /* OpenSSL's code for the failure. */
  uint8_t flags;
} tls_t;

/* The most plaintext to encrypt before sending. */
#define TLS_BATCH (64 * 1024)
#define TLS_RECORD (16 * 1024)
/* Ciphertext is larger than its plaintext, and is followed by responses to the peer's control records. */
#define TLS_OUT (TLS_BATCH + 32 * 1024)
/* The most that one endpoint can add at once: a chunk, and a record whose beginning OpenSSL holds. */
#define TLS_INPUT (CHUNK + 20000)
#define TLS_EVENTS 4
/*
 * The most handshake steps in one poll: a step may take a third of a millisecond, during which other connections wait.
 */
#define TLS_STEPS 16

/* The working memory of a poller, which its endpoints use one at a time. */
typedef struct tls_work {
  BIO *bio;   /* Shared by all: OpenSSL only reads from and writes to memory. */
  tls_t *tls; /* The endpoint that uses it. */
  const uint8_t *in; /* Received, but not read by OpenSSL yet. */
  size_t in_length;
  size_t out_length;
  int steps; /* Left in this poll. */
  uint8_t cipher[CHUNK];
  uint8_t plain[TLS_RECORD];
  uint8_t out[TLS_OUT];
} tls_work_t;

static inline tls_t *tls_of(const endpoint_t *endpoint) {
  return endpoint->poll.data;
}

/*
 * Starts TLS on a plain stream. Returns 0, or a fault with nothing changed. libuv's events drive the handshake. A
 * client may send a server name and resume a session; both may be NULL.
 */
int tls_begin(endpoint_t *endpoint, tls_context_t *context, const char *name, tls_sessions_t *sessions);
/* Decrypts bytes that others received. Returns 0, or a fault. */
int tls_feed(endpoint_t *endpoint, const uint8_t *bytes, size_t length);
/* TypeScript's response to EVENT_HELLO; NULL keeps the listener's context. */
void tls_choose(endpoint_t *endpoint, tls_context_t *context, bool refused);
/* The endpoint is closing. */
void tls_free(endpoint_t *endpoint);

/* The poller is closing, after its endpoints. NULL is allowed. */
void tls_work_free(tls_work_t *work);

/* Handles libuv's events. */
void tls_ready(endpoint_t *endpoint, int events);
/* Whether to poll for input. */
bool tls_reads(const endpoint_t *endpoint);
/* As socket_send. */
int tls_send(endpoint_t *endpoint, const struct iovec *pieces, int count);
/* Ciphertext that the socket has not taken. */
static inline size_t tls_waiting(const endpoint_t *endpoint) {
  const tls_t *tls = tls_of(endpoint);
  return tls->rest.end - tls->rest.start;
}
/* Sends close_notify and the end, after what is pending. Returns 0, or a fault. */
int tls_end(endpoint_t *endpoint);

/* Continues a handshake when the socket is readable or writable. */
void tls_negotiate(endpoint_t *endpoint);
/* Decrypts the input in the working memory, and records it. */
void tls_decrypt(endpoint_t *endpoint);
/* Ends the stream with OpenSSL's error. */
void tls_fail(endpoint_t *endpoint);
/* Ends the stream without close_notify. */
void tls_truncated(endpoint_t *endpoint);

#endif
