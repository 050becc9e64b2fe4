/* Between OpenSSL and the socket: the BIO, and ciphertext on its way out. */
#ifndef REVIO_TLS_WIRE_H
#define REVIO_TLS_WIRE_H

#include "tls.h"

/* NULL when there is no memory. */
tls_work_t *tls_work_new(void);
/* What one endpoint's OpenSSL reads from and writes to: another reference to the one that all have. NULL: no memory. */
BIO *tls_wire_open(tls_work_t *work);
/* OpenSSL is going to work for an endpoint, with an empty queue of errors. */
void tls_enter(endpoint_t *endpoint);
/* Sends what the working memory has gathered, behind what waits. 1: all has gone, 0: some waits; below 0: a fault. */
int tls_push(endpoint_t *endpoint);
/* To be told when more goes. */
void tls_arm(endpoint_t *endpoint);

static inline size_t backlog_size(const backlog_t *backlog) {
  return backlog->end - backlog->start;
}
/* False when there is no memory. */
bool backlog_append(backlog_t *backlog, const uint8_t *bytes, size_t length);
void backlog_take(backlog_t *backlog, size_t length);

#endif
