/*
 * A minimal correct TLS echo server on epoll and OpenSSL: the lower bound for the other ones. Level-triggered, one
 * thread, one recv and one send per event. Returns all that an event brings in one record, if it fits. What a peer
 * does not take at once is kept, and the peer is not read until it has taken that.
 *
 *     epoll-tls-echo --port=N --key=FILE --cert=FILE
 */
#define _GNU_SOURCE
#include "../tls-wire.h"
#include "epoll.h"
#include <getopt.h>

/* The most plaintext of an event: a record that began in an earlier one may end in it. */
enum { PLAIN = WIRE_CHUNK + SSL3_RT_MAX_PLAIN_LENGTH };

typedef struct {
  wire wire;
  int ending; /* closes once everything is sent */
} connection;

static SSL_CTX *context;

static void drop(connection *peer) {
  if (close(peer->wire.fd) != 0) fail("close");
  wire_end(&peer->wire);
  free(peer);
}

static void want(connection *peer, uint32_t events) {
  watch(EPOLL_CTL_MOD, peer->wire.fd, events, peer);
}

/* Decrypts the input and encrypts it again. Returns 0 if TLS is over. */
static int echo(SSL *ssl) {
  static unsigned char plain[PLAIN];
  size_t size = 0, got;
  ERR_clear_error();
  while (size < sizeof plain && SSL_read_ex(ssl, plain + size, sizeof plain - size, &got) == 1) size += got;
  int open = SSL_get_error(ssl, 0) == SSL_ERROR_WANT_READ;
  if (size > 0 && SSL_write_ex(ssl, plain, size, &got) != 1) return 0;
  return open;
}

static void on_readable(connection *peer) {
  ssize_t size = wire_receive(&peer->wire);
  if (size == 0) return;
  if (size < 0) return drop(peer);
  peer->ending = !echo(peer->wire.ssl);
  if (peer->ending && SSL_get_shutdown(peer->wire.ssl) == SSL_RECEIVED_SHUTDOWN) SSL_shutdown(peer->wire.ssl);
  int gone = wire_send(&peer->wire);
  if (gone < 0 || (gone && peer->ending)) return drop(peer);
  if (!gone) want(peer, EPOLLOUT);
}

static void on_writable(connection *peer) {
  int gone = wire_send(&peer->wire);
  if (gone < 0 || (gone && peer->ending)) return drop(peer);
  if (gone) want(peer, EPOLLIN);
}

static void on_connection(int listener) {
  for (int i = 0; i < ACCEPTS; i++) {
    int fd = accept_one(listener);
    if (fd < 0) return;
    connection *peer = calloc(1, sizeof *peer);
    if (peer == NULL) fail("calloc");
    wire_begin(&peer->wire, fd, context);
    SSL_set_accept_state(peer->wire.ssl);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, peer);
  }
}

static SSL_CTX *make_context(const char *key, const char *cert) {
  SSL_CTX *made = SSL_CTX_new(TLS_server_method());
  if (made == NULL) wire_fail("SSL_CTX_new");
  if (SSL_CTX_use_certificate_chain_file(made, cert) != 1) wire_fail(cert);
  if (SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) != 1) wire_fail(key);
  if (SSL_CTX_set_session_id_context(made, (const unsigned char *)"echo", 4) != 1) wire_fail("session id context");
  SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
  /* Tickets contain the sessions: the server keeps none. */
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  return made;
}

int main(int argc, char **argv) {
  static const struct option known[] = {
      {"port", required_argument, NULL, 'p'}, {"key", required_argument, NULL, 'k'},
      {"cert", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0},
  };
  const char *key = NULL, *cert = NULL;
  int port = 0;
  name = "epoll-tls-echo";
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    if (option == 'p') port = atoi(optarg);
    else if (option == 'k') key = optarg;
    else if (option == 'c') cert = optarg;
    else return 2;
  }
  if (port <= 0 || key == NULL || cert == NULL) {
    fprintf(stderr, "usage: epoll-tls-echo --port=N --key=FILE --cert=FILE\n");
    return 2;
  }
  context = make_context(key, cert);
  int listener = listen_on(port);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poller, events, EVENTS, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      connection *peer = events[i].data.ptr;
      if (peer == NULL) on_connection(listener);
      else if (peer->wire.rest != NULL) on_writable(peer);
      else on_readable(peer);
    }
  }
}
