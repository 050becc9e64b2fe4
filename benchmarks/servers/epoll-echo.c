/*
 * A TCP echo server on epoll, as little as a correct one can be: the floor that the other echo servers are held to.
 * Level-triggered, one thread, one read and one write per event. What a peer does not take at once is kept, and that
 * peer is not read from until it has taken it.
 *
 *     epoll-echo --port N
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536, EVENTS = 256, ACCEPTS = 64, BACKLOG = 4096 };

typedef struct {
  int fd;
  char *rest; /* what could not be written yet, or NULL */
  size_t start, end;
} connection;

static int poller;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "epoll-echo: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void drop(connection *peer) {
  if (close(peer->fd) != 0) fail("close");
  free(peer->rest);
  free(peer);
}

static void want(connection *peer, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = peer};
  if (epoll_ctl(poller, EPOLL_CTL_MOD, peer->fd, &event) != 0) fail("epoll_ctl");
}

/* How many bytes went; 0 when none go now, -1 when the peer is gone. */
static ssize_t put(connection *peer, const char *bytes, size_t size) {
  ssize_t sent = send(peer->fd, bytes, size, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void on_readable(connection *peer) {
  static char chunk[CHUNK];
  ssize_t size = recv(peer->fd, chunk, sizeof chunk, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return drop(peer);
  ssize_t sent = put(peer, chunk, (size_t)size);
  if (sent < 0) return drop(peer);
  if (sent == size) return;
  peer->start = 0;
  peer->end = (size_t)(size - sent);
  peer->rest = malloc(peer->end);
  if (peer->rest == NULL) fail("malloc");
  memcpy(peer->rest, chunk + sent, peer->end);
  want(peer, EPOLLOUT);
}

static void on_writable(connection *peer) {
  ssize_t sent = put(peer, peer->rest + peer->start, peer->end - peer->start);
  if (sent < 0) return drop(peer);
  peer->start += (size_t)sent;
  if (peer->start < peer->end) return;
  free(peer->rest);
  peer->rest = NULL;
  want(peer, EPOLLIN);
}

static void on_connection(int listener) {
  for (int i = 0; i < ACCEPTS; i++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return;
    if (fd < 0) fail("accept4");
    int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
    connection *peer = calloc(1, sizeof *peer);
    if (peer == NULL) fail("calloc");
    peer->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) fail("setsockopt");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  if (listen(fd, BACKLOG) != 0) fail("listen");
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "--port") != 0) {
    fprintf(stderr, "usage: epoll-echo --port N\n");
    return 2;
  }
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  int listener = listen_on(atoi(argv[2]));
  struct epoll_event ours = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &ours) != 0) fail("epoll_ctl");
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poller, events, EVENTS, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      connection *peer = events[i].data.ptr;
      if (peer == NULL) on_connection(listener);
      else if (peer->rest != NULL) on_writable(peer);
      else on_readable(peer);
    }
  }
}
