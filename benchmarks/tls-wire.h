/*
 * TLS over a socket, for the C programs in benchmarks/. OpenSSL reads from one buffer that all connections share, and
 * writes to another, so that each event costs one recv and one send.
 */
#ifndef TLS_WIRE_H
#define TLS_WIRE_H
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WIRE_CHUNK = 65536 };

typedef struct {
  int fd;
  SSL *ssl;
  unsigned char *rest; /* what the OS has not taken yet, or NULL */
  size_t start, end;
} wire;

/* The received bytes and how many of them OpenSSL has read; the bytes to send and the buffer's capacity. */
static unsigned char wire_came[WIRE_CHUNK];
static size_t wire_at, wire_size;
static unsigned char *wire_goes;
static size_t wire_length, wire_room;
static BIO_METHOD *wire_method;

static _Noreturn void wire_fail(const char *what) {
  fprintf(stderr, "tls: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static int wire_bio_read(BIO *bio, char *bytes, int wanted) {
  size_t size = wire_size - wire_at < (size_t)wanted ? wire_size - wire_at : (size_t)wanted;
  BIO_clear_retry_flags(bio);
  if (size == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  memcpy(bytes, wire_came + wire_at, size);
  wire_at += size;
  return (int)size;
}

static int wire_bio_write(BIO *bio, const char *bytes, int size) {
  (void)bio;
  if (wire_length + (size_t)size > wire_room) {
    wire_room = 2 * (wire_length + (size_t)size);
    wire_goes = realloc(wire_goes, wire_room);
    if (wire_goes == NULL) wire_fail("out of memory");
  }
  memcpy(wire_goes + wire_length, bytes, (size_t)size);
  wire_length += (size_t)size;
  return size;
}

static long wire_bio_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static void wire_begin(wire *wire, int fd, SSL_CTX *context) {
  if (wire_method == NULL) {
    wire_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (wire_method == NULL) wire_fail("BIO_meth_new");
    BIO_meth_set_read(wire_method, wire_bio_read);
    BIO_meth_set_write(wire_method, wire_bio_write);
    BIO_meth_set_ctrl(wire_method, wire_bio_control);
  }
  BIO *bio = BIO_new(wire_method);
  SSL *ssl = SSL_new(context);
  if (bio == NULL || ssl == NULL) wire_fail("SSL_new");
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  wire->fd = fd;
  wire->ssl = ssl;
  wire->rest = NULL;
  wire->start = wire->end = 0;
}

static void wire_end(wire *wire) {
  SSL_free(wire->ssl);
  free(wire->rest);
}

/* Receives once. Returns the number of bytes; 0 if none are available, -1 at the end or if the peer is gone. */
static ssize_t wire_receive(const wire *wire) {
  ssize_t size = recv(wire->fd, wire_came, sizeof wire_came, 0);
  wire_at = wire_size = 0;
  if (size < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (size == 0) return -1;
  wire_size = (size_t)size;
  return size;
}

/*
 * Sends once what OpenSSL has written, or the rest of an earlier send. Returns 1 if everything was sent, 0 if not, -1
 * if the peer is gone.
 */
static int wire_send(wire *wire) {
  const unsigned char *bytes = wire->rest == NULL ? wire_goes : wire->rest + wire->start;
  size_t size = wire->rest == NULL ? wire_length : wire->end - wire->start;
  if (size == 0) return 1;
  ssize_t sent = send(wire->fd, bytes, size, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    wire_length = 0;
    return -1;
  }
  size_t gone = sent < 0 ? 0 : (size_t)sent;
  if (wire->rest == NULL) {
    wire_length = 0;
    if (gone == size) return 1;
    wire->rest = malloc(size - gone);
    if (wire->rest == NULL) wire_fail("out of memory");
    memcpy(wire->rest, bytes + gone, size - gone);
    wire->start = 0;
    wire->end = size - gone;
    return 0;
  }
  wire->start += gone;
  if (wire->start < wire->end) return 0;
  free(wire->rest);
  wire->rest = NULL;
  return 1;
}

#endif
