/* One descriptor and one system call at a time: nothing here knows of a loop. */
#ifndef REVIO_SOCKET_H
#define REVIO_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <netinet/in.h>

/*
 * A failed call as one negative number: which call it was, and its errno. load.ts holds the names in this order.
 * Functions that can fail in one call only answer through it as well, so that every error can name its call.
 */
enum call {
  CALL_SOCKET, CALL_SETSOCKOPT, CALL_BIND, CALL_LISTEN, CALL_ACCEPT, CALL_CONNECT, CALL_RECV, CALL_SEND, CALL_SHUTDOWN,
  CALL_GETSOCKNAME, CALL_GETPEERNAME, CALL_POLL, CALL_CLOSE, CALL_MALLOC, CALL_CHMOD
};

#define FAULT_SHIFT 12
#define FAULT(call, error) (-(((call) << FAULT_SHIFT) | (error)))
#define FAULT_ERRNO(fault) ((-(fault)) & ((1 << FAULT_SHIFT) - 1))

typedef union {
  struct sockaddr any;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
  struct sockaddr_un un;
} place_t;

typedef struct {
  place_t at;
  socklen_t size;
} address_t;

/* From a numeric host; false when it is none. */
bool address_inet(address_t *address, const char *host, int port);
/* From a path of `length` bytes, which may start with a zero byte; false when it is too long. */
bool address_unix(address_t *address, const char *path, size_t length);

typedef struct {
  bool v6only;
  bool reuseport;
  int backlog;
  /* Permission bits of a Unix socket's path; below 0: as the umask has it. */
  int mode;
} listen_options_t;

/* A listening descriptor, or a fault that left none behind. */
int socket_listen(const address_t *address, const listen_options_t *options);
/* A descriptor for datagrams, or a fault that left none behind. There is no backlog. */
int socket_bind(const address_t *address, const listen_options_t *options);
/* A descriptor that is connecting or connected, or a fault that left none behind. */
int socket_connect(const address_t *address);
/* 0, or the fault with which connecting has ended. */
int socket_connected(int fd);
/* A descriptor, or a fault. */
int socket_accept(int fd);

/* Bytes received, 0 at the peer's end, or a fault; EAGAIN is one. */
int socket_receive(int fd, void *bytes, size_t size);
/* Bytes taken, or a fault; EAGAIN is none, but 0. Systems take less than 2 GiB at once, so that an int holds it. */
int socket_send(int fd, const struct iovec *pieces, int count);

int socket_end(int fd);
int socket_close(int fd, bool reset);
int socket_no_delay(int fd, bool on);
/* `seconds` of silence before the peer is probed; 0 is off. */
int socket_keep_alive(int fd, int seconds);
int socket_name(int fd, bool peer, address_t *address);

#endif
