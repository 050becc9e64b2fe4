/* Between OpenSSL and the socket: the BIO, and ciphertext on its way out. */
#ifndef REVIO_TLS_WIRE_H
#define REVIO_TLS_WIRE_H

#include "tls.h"

/* What is read from the working memory, and written to it. NULL when there is no memory. */
BIO *tls_wire_open(endpoint_t *endpoint);
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
