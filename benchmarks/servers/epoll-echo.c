/*
 * A minimal correct TCP echo server on epoll: the lower bound for the other echo servers. Level-triggered, one thread,
 * one read and one write per event. What a peer does not take at once is kept, and the peer is not read until it has
 * taken that.
 *
 *     epoll-echo --port N
 */
#define _GNU_SOURCE
#include "epoll.h"

enum { CHUNK = 65536 };

typedef struct {
  int fd;
  char *rest; /* what could not be written yet, or NULL */
  size_t start, end;
} connection;

static void drop(connection *peer) {
  if (close(peer->fd) != 0) fail("close");
  free(peer->rest);
  free(peer);
}

static void want(connection *peer, uint32_t events) {
  watch(EPOLL_CTL_MOD, peer->fd, events, peer);
}

/* Returns the number of bytes sent; 0 if none can be sent now, -1 if the peer is gone. */
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
    int fd = accept_one(listener);
    if (fd < 0) return;
    connection *peer = calloc(1, sizeof *peer);
    if (peer == NULL) fail("calloc");
    peer->fd = fd;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, peer);
  }
}

int main(int argc, char **argv) {
  name = "epoll-echo";
  if (argc != 3 || strcmp(argv[1], "--port") != 0) {
    fprintf(stderr, "usage: epoll-echo --port N\n");
    return 2;
  }
  int listener = listen_on(atoi(argv[2]));
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
