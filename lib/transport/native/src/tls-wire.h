/* Connects OpenSSL to the socket: the BIO, and the pending ciphertext. */
#ifndef REVIO_TLS_WIRE_H
#define REVIO_TLS_WIRE_H

#include "tls.h"

/* NULL if memory is exhausted. */
tls_work_t *tls_work_new(void);
/* The BIO of one endpoint's OpenSSL: another reference to the one that all share. NULL: out of memory. */
BIO *tls_wire_open(tls_work_t *work);
/* Prepares OpenSSL to work for an endpoint, with an empty error queue. */
void tls_enter(endpoint_t *endpoint);
/*
 * Sends the ciphertext in the working memory, after what is pending. Returns 1 if everything is written, 0 if some is
 * pending, or a negative fault.
 */
int tls_push(endpoint_t *endpoint);
/* Polls for writability. */
void tls_arm(endpoint_t *endpoint);

static inline size_t backlog_size(const backlog_t *backlog) {
  return backlog->end - backlog->start;
}
/* False when there is no memory. */
bool backlog_append(backlog_t *backlog, const uint8_t *bytes, size_t length);
void backlog_take(backlog_t *backlog, size_t length);

#endif
