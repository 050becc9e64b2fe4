#include "tls-wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- pending ciphertext --- */

bool backlog_append(backlog_t *backlog, const uint8_t *bytes, size_t length) {
  size_t waits = backlog_size(backlog);
  if (length == 0) return true;
  if (waits + length > INT32_MAX) return false;
  uint8_t *joined = malloc(waits + length);
  if (joined == NULL) return false;
  if (waits > 0) memcpy(joined, backlog->bytes + backlog->start, waits);
  memcpy(joined + waits, bytes, length);
  free(backlog->bytes);
  *backlog = (backlog_t){joined, 0, (uint32_t)(waits + length)};
  return true;
}

void backlog_take(backlog_t *backlog, size_t length) {
  backlog->start += (uint32_t)length;
  if (backlog->start < backlog->end) return;
  free(backlog->bytes);
  *backlog = (backlog_t){NULL, 0, 0};
}

/* --- the BIO --- */

static int on_read(BIO *bio, char *out, int size) {
  tls_work_t *work = openssl.BIO_get_data(bio);
  openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  if (size <= 0 || work->in_length == 0) {
    openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    return -1;
  }
  size_t length = (size_t)size < work->in_length ? (size_t)size : work->in_length;
  memcpy(out, work->in, length);
  work->in += length;
  work->in_length -= length;
  return (int)length;
}

/* Appends the collected output to the pending ciphertext. */
static bool keep(tls_t *tls, tls_work_t *work) {
  bool kept = backlog_append(&tls->rest, work->out, work->out_length);
  work->out_length = 0;
  return kept;
}

/* Takes everything, so that OpenSSL never waits for the socket, which would lose its responses to the peer. */
static int on_write(BIO *bio, const char *bytes, int size) {
  tls_work_t *work = openssl.BIO_get_data(bio);
  openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  if (size <= 0 || work->tls == NULL) return 0;
  tls_t *tls = work->tls;
  if ((size_t)size > TLS_OUT - work->out_length && !keep(tls, work)) return -1;
  if ((size_t)size > TLS_OUT) return backlog_append(&tls->rest, (const uint8_t *)bytes, (size_t)size) ? size : -1;
  memcpy(work->out + work->out_length, bytes, (size_t)size);
  work->out_length += (size_t)size;
  return size;
}

static long on_ctrl(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static uv_once_t once = UV_ONCE_INIT;
static BIO_METHOD *method;

static void make_method(void) {
  method = openssl.BIO_meth_new(openssl.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "revio");
  if (method == NULL) return;
  /* These only store their argument. */
  (void)openssl.BIO_meth_set_read(method, on_read);
  (void)openssl.BIO_meth_set_write(method, on_write);
  (void)openssl.BIO_meth_set_ctrl(method, on_ctrl);
}

tls_work_t *tls_work_new(void) {
  uv_once(&once, make_method);
  tls_work_t *work = calloc(1, sizeof *work);
  if (work == NULL) return NULL;
  work->bio = method == NULL ? NULL : openssl.BIO_new(method);
  if (work->bio == NULL) {
    free(work);
    return NULL;
  }
  openssl.BIO_set_data(work->bio, work);
  openssl.BIO_set_init(work->bio, 1);
  return work;
}

void tls_work_free(tls_work_t *work) {
  if (work == NULL) return;
  (void)openssl.BIO_free(work->bio);
  free(work);
}

BIO *tls_wire_open(tls_work_t *work) {
  return openssl.BIO_up_ref(work->bio) == 1 ? work->bio : NULL;
}

void tls_enter(endpoint_t *endpoint) {
  endpoint->poller->tls->tls = tls_of(endpoint);
  openssl_forget();
}

/* --- output --- */

int tls_push(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  tls_work_t *work = endpoint->poller->tls;
  if (backlog_size(&tls->rest) > 0) {
    if (work->out_length > 0 && !keep(tls, work)) return FAULT(CALL_MALLOC, ENOMEM);
    struct iovec rest = {tls->rest.bytes + tls->rest.start, backlog_size(&tls->rest)};
    int sent = socket_send(endpoint->fd, &rest, 1, false);
    if (sent < 0) return sent;
    backlog_take(&tls->rest, (size_t)sent);
    return backlog_size(&tls->rest) == 0;
  }
  if (work->out_length == 0) return 1;
  struct iovec piece = {work->out, work->out_length};
  int sent = socket_send(endpoint->fd, &piece, 1, false);
  work->out_length = 0;
  if (sent < 0) return sent;
  size_t left = piece.iov_len - (size_t)sent;
  if (left == 0) return 1;
  return backlog_append(&tls->rest, work->out + sent, left) ? 0 : FAULT(CALL_MALLOC, ENOMEM);
}

void tls_arm(endpoint_t *endpoint) {
  endpoint->flags |= FLAG_ARMED;
  endpoint_watch(endpoint);
}
