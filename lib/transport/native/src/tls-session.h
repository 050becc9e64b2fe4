/* The sessions of one server, as a client: the newest of them is offered when it is connected to again. */
#ifndef REVIO_TLS_SESSION_H
#define REVIO_TLS_SESSION_H

#include "openssl.h"

typedef struct {
  int references; /* Of one thread. */
  SSL_SESSION *newest; /* NULL before the first, and after one that did not do. */
} tls_sessions_t;

/* NULL when there is no memory. */
tls_sessions_t *tls_sessions_new(void);
tls_sessions_t *tls_sessions_share(tls_sessions_t *sessions);
void tls_sessions_drop(tls_sessions_t *sessions);

/* Has the clients of a context keep the sessions that servers give them. */
void tls_sessions_watch(SSL_CTX *ctx);
/* Offers the newest, if there is one. */
void tls_sessions_offer(const tls_sessions_t *sessions, SSL *ssl);
/* The newest is not offered again. */
void tls_sessions_forget(tls_sessions_t *sessions);

#endif
