/* What connections with the same options share: an SSL_CTX that Node made only for the addon, and how to use it. */
#ifndef REVIO_TLS_CONTEXT_H
#define REVIO_TLS_CONTEXT_H

#include <stdbool.h>

#include "openssl.h"

enum tls_context_flag {
  CONTEXT_SERVER = 1,
  CONTEXT_CHOOSES = 2,    /* TypeScript selects a context by the client's server name. */
  CONTEXT_VERIFIES = 4,   /* Requests a certificate from the peer. */
  CONTEXT_REQUIRES = 8,   /* Fails the handshake without a trusted certificate. */
  CONTEXT_TRUNCATES = 16  /* An end without close_notify is an orderly one. */
};

#define MAX_ALPN UINT16_MAX
/* OpenSSL's name, HMAC key and AES key. */
#define TICKET_KEYS 80

typedef struct {
  int references; /* Of one thread. */
  SSL_CTX *ctx;
  uint8_t flags;
  uint16_t alpn_length;
  uint8_t alpn[];
} tls_context_t;

/* Starts capturing the SSL_CTX that this thread makes; false if that is impossible. */
bool tls_capture_begin(void);
/* Returns the one SSL_CTX made since, which the caller owns; NULL if there was none, or several. */
SSL_CTX *tls_capture_end(void);

/* Takes over the SSL_CTX; NULL, having freed it, if memory is exhausted. `alpn` has at most MAX_ALPN bytes. */
tls_context_t *tls_context_new(SSL_CTX *ctx, int flags, const uint8_t *alpn, size_t alpn_length);
bool tls_context_set_ticket_keys(tls_context_t *context, const uint8_t keys[TICKET_KEYS]);
tls_context_t *tls_context_share(tls_context_t *context);
void tls_context_drop(tls_context_t *context);

/* The SSL of one connection, without a BIO; NULL if memory is exhausted. `name` is the server's, or NULL. */
SSL *tls_context_open(tls_context_t *context, const char *name);

#endif
