#include "tls-session.h"

#include <stdlib.h>

#include "tls.h"

tls_sessions_t *tls_sessions_new(void) {
  tls_sessions_t *sessions = malloc(sizeof *sessions);
  if (sessions != NULL) *sessions = (tls_sessions_t){1, NULL};
  return sessions;
}

tls_sessions_t *tls_sessions_share(tls_sessions_t *sessions) {
  sessions->references++;
  return sessions;
}

void tls_sessions_drop(tls_sessions_t *sessions) {
  if (--sessions->references > 0) return;
  tls_sessions_forget(sessions);
  free(sessions);
}

/* OpenSSL has a session: at the end of a TLS 1.2 handshake, or later with TLS 1.3. Returns 1 to take ownership. */
static int on_session(SSL *ssl, SSL_SESSION *session) {
  const tls_t *tls = openssl.SSL_get_ex_data(ssl, APP_DATA);
  if (tls == NULL || tls->sessions == NULL) return 0;
  tls_sessions_forget(tls->sessions);
  tls->sessions->newest = session;
  return 1;
}

void tls_sessions_watch(SSL_CTX *ctx) {
  long mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL;
  (void)openssl.SSL_CTX_ctrl(ctx, SSL_CTRL_SET_SESS_CACHE_MODE, mode, NULL);
  openssl.SSL_CTX_sess_set_new_cb(ctx, on_session);
}

void tls_sessions_offer(const tls_sessions_t *sessions, SSL *ssl) {
  if (sessions->newest == NULL) return;
  /* A copy, because OpenSSL marks a TLS 1.3 session as used, and not every server sends another one. */
  SSL_SESSION *copy = openssl.SSL_SESSION_dup(sessions->newest);
  if (copy == NULL) return;
  (void)openssl.SSL_set_session(ssl, copy); /* If this fails, the handshake is a full one. */
  openssl.SSL_SESSION_free(copy);
}

void tls_sessions_forget(tls_sessions_t *sessions) {
  openssl.SSL_SESSION_free(sessions->newest);
  sessions->newest = NULL;
}
