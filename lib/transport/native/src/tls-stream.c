#include <errno.h>
#include <string.h>

#include "tls-wire.h"

/* The most plaintext to write at once: other connections wait while it is encrypted. */
#define MAX_WRITE (1024 * 1024)

/* --- input --- */

void tls_truncated(endpoint_t *endpoint) {
  const tls_t *tls = tls_of(endpoint);
  if (!(tls->flags & TLS_OPEN) || !(tls->context->flags & CONTEXT_TRUNCATES)) {
    return endpoint_broken(endpoint, FAULT(CALL_TLS, ECONNRESET));
  }
  endpoint->flags |= FLAG_ENDED;
  poller_record(endpoint->poller, endpoint->slot, EVENT_ENDED, 0, 0);
}

/*
 * Decrypts all that the working memory holds; OpenSSL keeps a partial record. Returns the last result of
 * SSL_get_error.
 */
static int read_all(endpoint_t *endpoint, size_t *total) {
  SSL *ssl = tls_of(endpoint)->ssl;
  poller_t *poller = endpoint->poller;
  uint8_t *start = poller->input.bytes + poller->input_top;
  size_t room = poller->input.size - poller->input_top, length;
  for (*total = 0; poller->tls->in_length > 0; *total += length) {
    int done = openssl.SSL_read_ex(ssl, start + *total, room - *total, &length);
    if (done != 1) return openssl.SSL_get_error(ssl, done);
  }
  return 0;
}

/* Sends responses to the peer's control records. */
static void respond(endpoint_t *endpoint) {
  int pushed = tls_push(endpoint);
  if (pushed == 0) endpoint->flags |= FLAG_ARMED;
  /* The next read reports a send that failed, after the input before it. Ciphertext that was dropped is a gap. */
  else if (pushed == FAULT(CALL_MALLOC, ENOMEM)) endpoint_broken(endpoint, pushed);
}

void tls_decrypt(endpoint_t *endpoint) {
  poller_t *poller = endpoint->poller;
  size_t total;
  tls_enter(endpoint);
  int error = read_all(endpoint, &total);
  poller->tls->in_length = 0; /* Data after close_notify is ignored. */
  if (total > 0) {
    poller_record_bytes(poller, endpoint->slot, EVENT_INPUT, total);
    endpoint->flags &= (uint16_t)~FLAG_SETTLED;
  }
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) return tls_fail(endpoint);
  if (error == SSL_ERROR_ZERO_RETURN) {
    endpoint->flags |= FLAG_ENDED;
    poller_record(poller, endpoint->slot, EVENT_ENDED, 0, 0);
  }
  if (poller->tls->out_length > 0) respond(endpoint);
}

/* --- output --- */

/* The position of the next record in the pieces. */
typedef struct {
  const struct iovec *piece;
  const struct iovec *end;
  size_t offset;
} cursor_t;

static void skip(cursor_t *cursor, size_t length) {
  while (cursor->piece < cursor->end && length >= cursor->piece->iov_len - cursor->offset) {
    length -= cursor->piece->iov_len - cursor->offset;
    cursor->offset = 0;
    cursor->piece++;
  }
  cursor->offset += length;
}

/* Returns the plaintext of the next record. Copies small pieces to `plain`, so that they share a record. */
static memory_t next_record(cursor_t *cursor, uint8_t plain[TLS_RECORD]) {
  memory_t record = {(uint8_t *)cursor->piece->iov_base + cursor->offset, cursor->piece->iov_len - cursor->offset};
  if (record.size >= TLS_RECORD || cursor->piece + 1 == cursor->end) {
    if (record.size > TLS_RECORD) record.size = TLS_RECORD;
    skip(cursor, record.size);
    return record;
  }
  size_t filled = 0;
  while (filled < TLS_RECORD && cursor->piece < cursor->end) {
    size_t size = cursor->piece->iov_len - cursor->offset;
    if (size > TLS_RECORD - filled) size = TLS_RECORD - filled;
    memcpy(plain + filled, (uint8_t *)cursor->piece->iov_base + cursor->offset, size);
    filled += size;
    skip(cursor, size);
  }
  return (memory_t){plain, filled};
}

/* Encrypts a batch into the working memory. Returns the number of bytes, or a negative fault. */
static int encrypt(endpoint_t *endpoint, cursor_t *cursor) {
  tls_t *tls = tls_of(endpoint);
  tls_work_t *work = endpoint->poller->tls;
  size_t batch = 0;
  while (batch < TLS_BATCH && cursor->piece < cursor->end) {
    memory_t record = next_record(cursor, work->plain);
    if (record.size == 0) continue;
    size_t written = 0;
    if (openssl.SSL_write_ex(tls->ssl, record.bytes, record.size, &written) != 1 || written != record.size) {
      tls->error = (uint32_t)openssl.ERR_peek_error();
      tls->flags |= TLS_FAILED;
      work->out_length = 0;
      openssl_forget();
      return FAULT(CALL_TLS, EPROTO);
    }
    batch += written;
  }
  return (int)batch;
}

/* Nothing was written: TypeScript is notified when that changes. */
static int blocked(tls_t *tls, size_t taken) {
  tls->flags |= TLS_BLOCKED;
  return (int)taken;
}

/*
 * A batch counts as taken once all of its ciphertext is written. Until then it is `owed`: TypeScript offers it again
 * before everything else, and it is not encrypted again.
 */
int tls_send(endpoint_t *endpoint, const struct iovec *pieces, int count) {
  tls_t *tls = tls_of(endpoint);
  size_t offered = 0;
  if (tls->flags & TLS_FAILED) return FAULT(CALL_SEND, EPIPE);
  if (!(tls->flags & TLS_OPEN)) return blocked(tls, 0);
  int pushed = backlog_size(&tls->rest) > 0 ? tls_push(endpoint) : 1;
  if (pushed <= 0) return pushed < 0 ? pushed : blocked(tls, 0);
  for (int at = 0; at < count; at++) offered += pieces[at].iov_len;
  size_t taken = tls->owed < offered ? tls->owed : offered;
  cursor_t cursor = {pieces, pieces + count, 0};
  skip(&cursor, taken);
  tls->owed -= (uint32_t)taken;
  tls_enter(endpoint);
  while (taken < offered) {
    if (taken >= MAX_WRITE) return blocked(tls, taken);
    int batch = encrypt(endpoint, &cursor);
    if (batch < 0) return batch;
    pushed = tls_push(endpoint);
    if (pushed < 0) return pushed;
    if (pushed == 0) {
      tls->owed = (uint32_t)batch;
      return blocked(tls, taken);
    }
    taken += (size_t)batch;
  }
  tls->flags &= (uint8_t)~TLS_BLOCKED;
  return (int)taken;
}

int tls_end(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  tls->flags |= TLS_ENDING;
  if (!(tls->flags & (TLS_OPEN | TLS_FAILED))) return 0;
  if (!(tls->flags & (TLS_FAILED | TLS_NOTIFIED))) {
    tls->flags |= TLS_NOTIFIED;
    tls_enter(endpoint);
    (void)openssl.SSL_shutdown(tls->ssl); /* Its result does not matter, only what it wrote. */
    openssl_forget();
    int pushed = tls_push(endpoint);
    if (pushed == 0) tls_arm(endpoint);
    if (pushed <= 0) return pushed;
  }
  tls->flags &= (uint8_t)~TLS_ENDING;
  int fault = socket_end(endpoint->fd);
  if (fault == 0) endpoint->flags |= FLAG_FINISHED;
  return fault;
}
