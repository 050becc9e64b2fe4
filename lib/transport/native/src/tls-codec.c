#include "tls-codec.h"

#include <limits.h>
#include <stdlib.h>

/* Returns "no data yet" when it is empty, and not "end of file". */
static BIO *memory_bio(void) {
  BIO *bio = openssl.BIO_new(openssl.BIO_s_mem());
  if (bio != NULL) (void)openssl.BIO_ctrl(bio, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, NULL);
  return bio;
}

static bool put(BIO *bio, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    int part = length < INT_MAX ? (int)length : INT_MAX;
    if (openssl.BIO_write(bio, bytes, part) != part) return false;
    bytes += part;
    length -= (size_t)part;
  }
  return true;
}

void codec_free(codec_t *codec) {
  if (codec->ssl != NULL) openssl.SSL_free(codec->ssl); /* This also frees its BIOs. */
  free(codec);
}

codec_t *codec_take(endpoint_t *endpoint) {
  tls_t *tls = tls_of(endpoint);
  if ((tls->flags & (TLS_OPEN | TLS_FAILED)) != TLS_OPEN) return NULL;
  codec_t *codec = calloc(1, sizeof *codec);
  BIO *in = memory_bio(), *out = memory_bio();
  if (codec == NULL || in == NULL || out == NULL || !put(out, tls->rest.bytes + tls->rest.start, tls_waiting(endpoint))) {
    if (in != NULL) (void)openssl.BIO_free(in);
    if (out != NULL) (void)openssl.BIO_free(out);
    free(codec);
    return NULL;
  }
  *codec = (codec_t){tls->ssl, in, out};
  /* This frees the BIO to the socket. OpenSSL keeps the part of a record that it has read. */
  openssl.SSL_set_bio(tls->ssl, in, out);
  (void)openssl.SSL_set_ex_data(tls->ssl, APP_DATA, NULL); /* Can't fail: it overwrites an existing entry. */
  tls->ssl = NULL;
  tls_free(endpoint);
  return codec;
}

bool codec_feed(codec_t *codec, const uint8_t *bytes, size_t length) {
  return put(codec->in, bytes, length);
}

size_t codec_decrypt(codec_t *codec, uint8_t *bytes, size_t size, enum codec_state *state) {
  size_t length = 0;
  openssl_forget();
  int done = openssl.SSL_read_ex(codec->ssl, bytes, size, &length);
  *state = CODEC_OPEN;
  if (done == 1) return length;
  int error = openssl.SSL_get_error(codec->ssl, done);
  if (error == SSL_ERROR_ZERO_RETURN) *state = CODEC_ENDED;
  else if (error != SSL_ERROR_WANT_READ) *state = CODEC_FAILED;
  return 0;
}

bool codec_encrypt(codec_t *codec, const uint8_t *bytes, size_t length) {
  openssl_forget();
  while (length > 0) {
    size_t written = 0;
    size_t part = length < TLS_RECORD ? length : TLS_RECORD;
    if (openssl.SSL_write_ex(codec->ssl, bytes, part, &written) != 1) {
      openssl_forget();
      return false;
    }
    bytes += written;
    length -= written;
  }
  return true;
}

void codec_end(codec_t *codec) {
  openssl_forget();
  (void)openssl.SSL_shutdown(codec->ssl); /* Its result does not matter, only what it wrote. */
  openssl_forget();
}

size_t codec_pending(codec_t *codec) {
  long length = openssl.BIO_ctrl(codec->out, BIO_CTRL_PENDING, 0, NULL);
  return length > 0 ? (size_t)length : 0;
}

size_t codec_send(codec_t *codec, uint8_t *bytes, size_t size) {
  int got = openssl.BIO_read(codec->out, bytes, size < INT_MAX ? (int)size : INT_MAX);
  return got > 0 ? (size_t)got : 0;
}
