/* What connections of one kind share: an SSL_CTX that Node has made for us alone, and how it is used. */
#ifndef REVIO_TLS_CONTEXT_H
#define REVIO_TLS_CONTEXT_H

#include <stdbool.h>

#include "openssl.h"

enum tls_context_flag {
  CONTEXT_SERVER = 1,
  CONTEXT_CHOOSES = 2,    /* TypeScript is asked for a context for each client's name. */
  CONTEXT_VERIFIES = 4,   /* The peer is asked for a certificate. */
  CONTEXT_REQUIRES = 8,   /* Without one that is trusted the handshake fails. */
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

/* From now on, what this thread makes is looked at; false where it cannot be. */
bool tls_capture_begin(void);
/* The one SSL_CTX that was made since, the caller's; NULL where it was none, or several. */
SSL_CTX *tls_capture_end(void);

/* Takes the SSL_CTX; NULL, having freed it, when there is no memory. `alpn` has at most MAX_ALPN bytes. */
tls_context_t *tls_context_new(SSL_CTX *ctx, int flags, const uint8_t *alpn, size_t alpn_length);
bool tls_context_set_ticket_keys(tls_context_t *context, const uint8_t keys[TICKET_KEYS]);
tls_context_t *tls_context_share(tls_context_t *context);
void tls_context_drop(tls_context_t *context);

/* The SSL of one connection, without a BIO; NULL when there is no memory. `name` is the server's, or NULL. */
SSL *tls_context_open(tls_context_t *context, const char *name);

#endif
