#include <errno.h>
#include <string.h>

#include "tls-wire.h"

/*
 * Most handshake messages fit. A larger chunk would read data that has to be stored while TypeScript selects a
 * context.
 */
#define HANDSHAKE_CHUNK 4096
#define MAX_NAME 255
/* In the extension: the length of the list, the type, and the length of the only name. */
#define NAME_HEAD 5
#define NAME_OF_HOST 0

/*
 * The peer has been told why the handshake failed. Discards what it still sends, because closing with unread input
 * would reset the connection and lose that alert.
 */
static void part(endpoint_t *endpoint) {
  uint8_t *cipher = endpoint->poller->tls->cipher;
  (void)socket_end(endpoint->fd); /* The descriptor is closed next, whether this fails or not. */
  for (int tries = 0; tries < 4 && socket_receive(endpoint->fd, cipher, CHUNK) > 0; tries++) continue;
}

void tls_fail(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  tls->error = (uint32_t)openssl.ERR_peek_error();
  openssl_forget();
  endpoint->poller->tls->in_length = 0;
  (void)tls_push(endpoint); /* The alert. If it can't be sent, the peer sees only the end. */
  if (!(tls->flags & TLS_OPEN)) {
    if (tls->sessions != NULL) tls_sessions_forget(tls->sessions); /* The offered session may be the reason. */
    part(endpoint);
  }
  tls->flags |= TLS_FAILED;
  endpoint_broken(endpoint, FAULT(CALL_TLS, EPROTO));
}

/*
 * Returns the client's server name; empty unless the extension contains exactly one host name, which OpenSSL later
 * rejects with its own error.
 */
static size_t asked_name(SSL *ssl, const uint8_t **name) {
  const uint8_t *given = NULL;
  size_t length = 0;
  if (openssl.SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &given, &length) != 1) return 0;
  if (length <= NAME_HEAD || length > NAME_HEAD + MAX_NAME || given[2] != NAME_OF_HOST) return 0;
  size_t list = (size_t)given[0] << 8 | given[1], size = (size_t)given[3] << 8 | given[4];
  if (list != length - 2 || size != length - NAME_HEAD || memchr(given + NAME_HEAD, 0, size) != NULL) return 0;
  *name = given + NAME_HEAD;
  return size;
}

static void ask(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  poller_t *poller = endpoint->poller;
  const uint8_t *name = NULL;
  size_t length = asked_name(tls->ssl, &name);
  if (length > 0) memcpy(poller->input.bytes + poller->input_top, name, length);
  poller_record_bytes(poller, endpoint->slot, EVENT_HELLO, length);
  tls->flags |= TLS_ASKING;
}

static void opened(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  tls->flags |= TLS_OPEN;
  listener_admitted(endpoint);
  poller_record(endpoint->poller, endpoint->slot, EVENT_SECURED, 0, 0);
  if (tls->flags & (TLS_ENDING | TLS_BLOCKED)) endpoint->flags |= FLAG_ARMED;
  if (endpoint->poller->tls->in_length > 0) tls_decrypt(endpoint);
}

static void step(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  tls_enter(endpoint);
  int done = openssl.SSL_do_handshake(tls->ssl);
  int error = done == 1 ? 0 : openssl.SSL_get_error(tls->ssl, done);
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) return tls_fail(endpoint);
  int pushed = tls_push(endpoint);
  if (pushed < 0) return endpoint_broken(endpoint, pushed);
  if (pushed == 0) endpoint->flags |= FLAG_ARMED;
  if (done == 1) opened(endpoint);
  else if (error == SSL_ERROR_WANT_CLIENT_HELLO_CB) ask(endpoint);
  else if (error == SSL_ERROR_ZERO_RETURN || (endpoint->flags & FLAG_ENDED)) tls_truncated(endpoint);
}

/*
 * Loads input for the handshake: what was read before, or else what the socket has. Returns false if the socket is
 * broken.
 */
static bool load(endpoint_t *endpoint) {
  tls_work_t *work = endpoint->poller->tls;
  const backlog_t *stash = &tls_of(endpoint)->stash;
  work->in_length = backlog_size(stash);
  work->in = work->in_length > 0 ? stash->bytes + stash->start : work->cipher;
  if (work->in_length > 0 || (endpoint->flags & FLAG_ENDED)) return true;
  int got = socket_receive(endpoint->fd, work->cipher, HANDSHAKE_CHUNK);
  if (got == 0) endpoint->flags |= FLAG_ENDED;
  else if (got > 0) work->in_length = (size_t)got;
  else if (!would_block(got)) {
    endpoint_broken(endpoint, got);
    return false;
  }
  return true;
}

/* Stores the unused input; false if memory is exhausted. */
static bool unload(endpoint_t *endpoint) {
  tls_work_t *work = endpoint->poller->tls;
  backlog_t *stash = &tls_of(endpoint)->stash;
  size_t left = work->in_length, had = backlog_size(stash);
  work->in_length = 0;
  if (had == 0) return backlog_append(stash, work->in, left);
  backlog_take(stash, had - left);
  return true;
}

/* While TypeScript selects a context, nothing is read, so the only possible event is a break. */
static void wait(endpoint_t *endpoint) {
  endpoint->flags &= (uint16_t)~FLAG_ARMED;
  if (endpoint->flags & FLAG_GONE) endpoint_broken(endpoint, socket_broken(endpoint->fd));
}

void tls_negotiate(endpoint_t *endpoint) {
  const tls_t *tls = tls_of(endpoint);
  tls_work_t *work = endpoint->poller->tls;
  if (tls->flags & (TLS_ASKING | TLS_FAILED)) return wait(endpoint);
  if (work->steps == 0) return; /* libuv reports the event again. */
  work->steps--;
  endpoint->flags &= (uint16_t)~(FLAG_ARMED | FLAG_SETTLED);
  if (!load(endpoint)) return;
  step(endpoint);
  if (!unload(endpoint)) endpoint_broken(endpoint, FAULT(CALL_MALLOC, ENOMEM));
}
