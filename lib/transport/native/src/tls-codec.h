/*
 * TLS of a connection that was given away: it belongs to no poller any more, and works between two buffers in memory.
 */
#ifndef REVIO_TLS_CODEC_H
#define REVIO_TLS_CODEC_H

#include "tls.h"

typedef struct {
  SSL *ssl;
  BIO *in;  /* Ciphertext of the peer. */
  BIO *out; /* For it. */
} codec_t;

/* What one call of `codec_decrypt` has come to. */
enum codec_state { CODEC_OPEN, CODEC_ENDED, CODEC_FAILED };

/* Takes the TLS of an endpoint, which is plain from then on; NULL, and nothing has changed, when that cannot be. */
codec_t *codec_take(endpoint_t *endpoint);
void codec_free(codec_t *codec);

/* Ciphertext from the peer; false when there is no memory. */
bool codec_feed(codec_t *codec, const uint8_t *bytes, size_t length);
/* Plaintext of it: how many bytes; 0 when there are no more for now, and why. */
size_t codec_decrypt(codec_t *codec, uint8_t *bytes, size_t size, enum codec_state *state);
bool codec_encrypt(codec_t *codec, const uint8_t *bytes, size_t length);
/* close_notify */
void codec_end(codec_t *codec);
/* How much ciphertext is to be sent, and that, as much as is asked for. */
size_t codec_pending(codec_t *codec);
size_t codec_send(codec_t *codec, uint8_t *bytes, size_t size);

#endif
