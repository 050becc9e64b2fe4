/* Listening and accepting, for the echo servers on epoll. */
#ifndef EPOLL_H
#define EPOLL_H
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, ACCEPTS = 64, BACKLOG = 4096 };

static int poller;
static const char *name; /* The program's, for error messages. */

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
  exit(1);
}

static void watch(int operation, int fd, uint32_t events, void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  if (epoll_ctl(poller, operation, fd, &event) != 0) fail("epoll_ctl");
}

/* Listens on that port of this machine; its events have NULL as their pointer. */
static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) fail("setsockopt");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  if (listen(fd, BACKLOG) != 0) fail("listen");
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  watch(EPOLL_CTL_ADD, fd, EPOLLIN, NULL);
  return fd;
}

/* Accepts the next connection; -1 if none is waiting. */
static int accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
  if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return -1;
  if (fd < 0) fail("accept4");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
  return fd;
}

#endif
