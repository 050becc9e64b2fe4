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
#include <uv.h>

/*
 * A failed call as one negative number: which call it was, and its errno. addon.ts holds the names in this order.
 * Functions that can fail in one call only answer through it as well, so that every error can name its call.
 */
enum call {
  CALL_SOCKET, CALL_SETSOCKOPT, CALL_BIND, CALL_LISTEN, CALL_ACCEPT, CALL_CONNECT, CALL_RECV, CALL_SEND, CALL_SHUTDOWN,
  CALL_GETSOCKNAME, CALL_GETPEERNAME, CALL_POLL, CALL_CLOSE, CALL_MALLOC, CALL_CHMOD, CALL_DUP, CALL_IOCTL,
  CALL_TLS, CALL_SENDFILE
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

#define ADDRESS_TEXT (INET6_ADDRSTRLEN + UV_IF_NAMESIZE + 1)
/* The host of an IP address, with its interface where it is the link's own. */
void address_text(const address_t *address, char text[ADDRESS_TEXT]);

typedef struct {
  bool v6only;
  bool reuseport;
  int backlog;
  /* Permission bits of a Unix socket's path; below 0: as the umask has it. */
  int mode;
} listen_options_t;

/* A listening descriptor, or a fault that left none behind. */
int socket_listen(const address_t *address, const listen_options_t *options);
/* It stands for all of the machine's. */
bool address_is_anywhere(const address_t *address);
/* Has a socket of that family tell for each datagram which address it came to. */
int socket_tell_local(int fd, int family);
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
/* `more`: further bytes follow at once, and share a packet with these. */
int socket_send(int fd, const struct iovec *pieces, int count, bool more);

/* A part of a file, and what the file is to be like. */
typedef struct {
  int64_t offset;
  int64_t size;
  int64_t seconds; /* Of its last modification. */
  int64_t nanoseconds;
  int64_t fd;
} file_part_t;

/*
 * At most `size` bytes of a file, sent by the system: bytes taken, or a fault; EAGAIN is none, but 0. ESTALE when the
 * file is not what it was.
 */
int socket_send_file(int fd, const file_part_t *part, size_t size);

/* The peer has ended or broken a stream, and has sent nothing that was not read. */
bool socket_is_deserted(int fd);

/* What waits on a descriptor that is neither read nor written. */
enum trouble { TROUBLE_NONE, TROUBLE_HANGUP, TROUBLE_ERROR };
enum trouble socket_trouble(int fd);
/* Why a stream is broken; takes the error away. Never 0. */
int socket_broken(int fd);
/* Takes urgent data away, which is told of until somebody does; false when there is none. */
bool socket_drop_urgent(int fd);
/* Bytes that were taken and that the peer has not acknowledged, or a fault where the system does not say. */
int socket_unacknowledged(int fd);

/*
 * Makes a descriptor of somebody else's ready for polling: 0, or a fault if it is no connected stream socket. It stays
 * the caller's either way.
 */
int socket_adopt(int fd, bool *is_unix);
/* The same for a descriptor that listens. */
int socket_adopt_listener(int fd, bool *is_unix);
/* Another descriptor of the same socket, or a fault. */
int socket_duplicate(int fd);

int socket_end(int fd);
int socket_close(int fd, bool reset);
int socket_no_delay(int fd, bool on);
/* `seconds` of silence before the peer is probed; 0 is off. */
int socket_keep_alive(int fd, int seconds);
int socket_name(int fd, bool peer, address_t *address);

#endif
