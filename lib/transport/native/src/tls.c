#include "tls-wire.h"

#include <errno.h>
#include <stdlib.h>

/* Stops reading from a peer with more pending ciphertext than this: it could request responses without end. */
#define MAX_REST (TLS_BATCH + TLS_BATCH / 2)

/* --- setup and teardown --- */

static bool can_begin(poller_t *poller) {
  if (poller->event_capacity < TLS_EVENTS || poller->input.size < TLS_INPUT) return false;
  if (poller->tls == NULL) poller->tls = tls_work_new();
  return poller->tls != NULL;
}

static tls_t *open_tls(endpoint_t *endpoint, tls_context_t *context, const char *name) {
  tls_t *tls = calloc(1, sizeof *tls);
  if (tls == NULL) return NULL;
  tls->ssl = tls_context_open(context, name);
  BIO *bio = tls->ssl == NULL ? NULL : tls_wire_open(endpoint->poller->tls);
  if (bio == NULL || openssl.SSL_set_ex_data(tls->ssl, APP_DATA, tls) != 1) {
    if (bio != NULL) (void)openssl.BIO_free(bio);
    openssl.SSL_free(tls->ssl);
    free(tls);
    return NULL;
  }
  openssl.SSL_set_bio(tls->ssl, bio, bio);
  return tls;
}

int tls_begin(endpoint_t *endpoint, tls_context_t *context, const char *name, tls_sessions_t *sessions) {
  if (endpoint->flags & (FLAG_LISTENER | FLAG_CONNECTING | FLAG_TLS)) return FAULT(CALL_TLS, EINVAL);
  tls_t *tls = can_begin(endpoint->poller) ? open_tls(endpoint, context, name) : NULL;
  openssl_forget();
  if (tls == NULL) return FAULT(CALL_MALLOC, ENOMEM);
  tls->context = tls_context_share(context);
  if (sessions != NULL) {
    tls->sessions = tls_sessions_share(sessions);
    tls_sessions_offer(sessions, tls->ssl);
    openssl_forget();
  }
  if (!(context->flags & CONTEXT_CHOOSES)) tls->flags |= TLS_CHOSEN;
  endpoint->poll.data = tls;
  endpoint->flags = (uint16_t)((endpoint->flags | FLAG_TLS) & ~(FLAG_TOLD | FLAG_SETTLED | FLAG_ENDED));
  /*
   * The client sends first, which it does when the socket is writable: a turn may be running here, which takes no
   * records.
   */
  if (!(context->flags & CONTEXT_SERVER)) endpoint->flags |= FLAG_ARMED;
  endpoint_watch(endpoint);
  return 0;
}

int tls_feed(endpoint_t *endpoint, const uint8_t *bytes, size_t length) {
  if (!backlog_append(&tls_of(endpoint)->stash, bytes, length)) return FAULT(CALL_MALLOC, ENOMEM);
  tls_arm(endpoint);
  return 0;
}

void tls_choose(endpoint_t *endpoint, tls_context_t *context, bool refused) {
  tls_t *tls = tls_of(endpoint);
  if (!(tls->flags & TLS_ASKING)) return;
  /* Out of memory, the old context would stay, and the client would get the certificate of another name. */
  if (context != NULL && openssl.SSL_set_SSL_CTX(tls->ssl, context->ctx) == NULL) refused = true;
  tls->flags = (uint8_t)((tls->flags | (refused ? TLS_REFUSED : TLS_CHOSEN)) & ~TLS_ASKING);
  endpoint->flags &= (uint16_t)~FLAG_SETTLED;
  tls_arm(endpoint);
}

void tls_free(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  tls_work_t *work = endpoint->poller->tls;
  if (work->tls == tls) work->tls = NULL;
  endpoint->poll.data = NULL;
  endpoint->flags &= (uint16_t)~FLAG_TLS;
  if (tls->ssl != NULL) openssl.SSL_free(tls->ssl);
  tls_context_drop(tls->context);
  if (tls->sessions != NULL) tls_sessions_drop(tls->sessions);
  free(tls->rest.bytes);
  free(tls->stash.bytes);
  free(tls);
}

/* --- events --- */

bool tls_reads(const endpoint_t *endpoint) {
  const tls_t *tls = tls_of(endpoint);
  if ((endpoint->flags & (FLAG_ENDED | FLAG_CLOSING)) || (tls->flags & TLS_FAILED)) return false;
  if (!(tls->flags & TLS_OPEN)) return !(tls->flags & TLS_ASKING);
  return (endpoint->flags & (FLAG_WANTED | FLAG_GONE)) && backlog_size(&tls->rest) <= MAX_REST;
}

static void receive(endpoint_t *endpoint) {
  tls_work_t *work = endpoint->poller->tls;
  int got = socket_receive(endpoint->fd, work->cipher, CHUNK);
  if (got < 0) {
    if (!would_block(got)) endpoint_broken(endpoint, got);
    return;
  }
  if (got == 0) return tls_truncated(endpoint);
  work->in = work->cipher;
  work->in_length = (size_t)got;
  tls_decrypt(endpoint);
}

/* The socket is writable: sends the pending ciphertext first, then notifies TypeScript if it waits. */
static void writable(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  int pushed = tls_push(endpoint);
  if (pushed < 0) return endpoint_broken(endpoint, pushed);
  if (pushed == 0) return;
  if (tls->flags & TLS_ENDING) {
    (void)tls_end(endpoint); /* This can fail only if the peer is gone, which the next read reports. */
    if (tls->flags & TLS_ENDING) return;
    endpoint->flags &= (uint16_t)~FLAG_TOLD; /* Another cause, which is reported as well. */
    return endpoint_writable(endpoint);
  }
  if (tls->flags & TLS_BLOCKED) endpoint_writable(endpoint);
  else endpoint->flags &= (uint16_t)~FLAG_ARMED;
}

static bool has_room(endpoint_t *endpoint) {
  poller_t *poller = endpoint->poller;
  if (!poller_has_rooms(poller, TLS_EVENTS) || !poller_has_input_room(poller, TLS_INPUT)) return false;
  /* The turn that made room may have closed this endpoint. */
  return (endpoint->flags & (FLAG_TLS | FLAG_CLOSING)) == FLAG_TLS;
}

void tls_ready(endpoint_t *endpoint, int events) {
  if (!has_room(endpoint)) return;
  const tls_t *tls = tls_of(endpoint);
  if (!(tls->flags & TLS_OPEN)) {
    tls_negotiate(endpoint);
    return endpoint_watch(endpoint);
  }
  bool wanted = true;
  if (events & UV_READABLE) {
    wanted = tls_reads(endpoint);
    if (wanted) receive(endpoint);
  }
  if (events & UV_WRITABLE) {
    if (endpoint->flags & FLAG_ARMED) writable(endpoint);
    wanted = false;
  }
  if (!wanted || (endpoint->flags & FLAG_ARMED)) endpoint_watch(endpoint);
}
