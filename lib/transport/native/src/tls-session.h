/* The sessions of a client with one server: the next handshake offers the newest one. */
#ifndef REVIO_TLS_SESSION_H
#define REVIO_TLS_SESSION_H

#include "openssl.h"

typedef struct {
  int references; /* Of one thread. */
  SSL_SESSION *newest; /* NULL before the first, and after a failed one. */
} tls_sessions_t;

/* NULL if memory is exhausted. */
tls_sessions_t *tls_sessions_new(void);
tls_sessions_t *tls_sessions_share(tls_sessions_t *sessions);
void tls_sessions_drop(tls_sessions_t *sessions);

/* Makes a context's clients store the sessions that servers send. */
void tls_sessions_watch(SSL_CTX *ctx);
/* Offers the newest session, if there is one. */
void tls_sessions_offer(const tls_sessions_t *sessions, SSL *ssl);
/* Drops the newest session. */
void tls_sessions_forget(tls_sessions_t *sessions);

#endif
