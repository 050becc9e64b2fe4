/* The TLS state of a detached connection, which has no poller: it works between two buffers in memory. */
#ifndef REVIO_TLS_CODEC_H
#define REVIO_TLS_CODEC_H

#include "tls.h"

typedef struct {
  SSL *ssl;
  BIO *in;  /* Ciphertext from the peer. */
  BIO *out; /* Ciphertext for the peer. */
} codec_t;

/* The result of `codec_decrypt`. */
enum codec_state { CODEC_OPEN, CODEC_ENDED, CODEC_FAILED };

/*
 * Takes the TLS state of an endpoint, which is plain from then on; NULL, with nothing changed, if that is impossible.
 */
codec_t *codec_take(endpoint_t *endpoint);
void codec_free(codec_t *codec);

/* Takes ciphertext from the peer; false if memory is exhausted. */
bool codec_feed(codec_t *codec, const uint8_t *bytes, size_t length);
/* Writes plaintext and returns its length; 0 if there is none for now, and `state` says why. */
size_t codec_decrypt(codec_t *codec, uint8_t *bytes, size_t size, enum codec_state *state);
bool codec_encrypt(codec_t *codec, const uint8_t *bytes, size_t length);
/* Queues close_notify. */
void codec_end(codec_t *codec);
/* The size of the ciphertext to send; and the ciphertext, up to `size` bytes. */
size_t codec_pending(codec_t *codec);
size_t codec_send(codec_t *codec, uint8_t *bytes, size_t size);

#endif
