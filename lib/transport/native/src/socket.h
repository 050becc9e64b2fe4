/* Wraps one system call on one descriptor at a time, without knowledge of a loop. */
#ifndef REVIO_SOCKET_H
#define REVIO_SOCKET_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <uv.h>

/*
 * A failed call as one negative number: the call and its errno. addon.ts lists the names in the same order. Functions
 * that can fail in only one call also return such a fault, so that every error can name its call.
 */
enum call {
  CALL_SOCKET, CALL_SETSOCKOPT, CALL_BIND, CALL_LISTEN, CALL_ACCEPT, CALL_CONNECT, CALL_RECV, CALL_SEND, CALL_SHUTDOWN,
  CALL_GETSOCKNAME, CALL_GETPEERNAME, CALL_POLL, CALL_CLOSE, CALL_MALLOC, CALL_CHMOD, CALL_DUP, CALL_IOCTL,
  CALL_TLS, CALL_SENDFILE
};

#define FAULT_SHIFT 12
#define FAULT(call, error) (-(((call) << FAULT_SHIFT) | (error)))
#define FAULT_ERRNO(fault) ((-(fault)) & ((1 << FAULT_SHIFT) - 1))

/* The call may succeed later. */
static inline bool would_block(int fault) {
  return FAULT_ERRNO(fault) == EAGAIN || FAULT_ERRNO(fault) == EWOULDBLOCK;
}

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

/* Makes an address from a numeric host; false if it is invalid. */
bool address_inet(address_t *address, const char *host, int port);
/* Makes an address from a path of `length` bytes, which may start with a zero byte; false if it is too long. */
bool address_unix(address_t *address, const char *path, size_t length);

#define ADDRESS_TEXT (INET6_ADDRSTRLEN + UV_IF_NAMESIZE + 1)
/* The host of an IP address, with its interface if it is link-local. */
void address_text(const address_t *address, char text[ADDRESS_TEXT]);

typedef struct {
  bool v6only;
  bool reuseport;
  int backlog;
  /* Permission bits of a Unix socket's path; negative: the umask's. */
  int mode;
} listen_options_t;

/* Returns a listening descriptor, or a fault with nothing left open. */
int socket_listen(const address_t *address, const listen_options_t *options);
/* Whether it stands for all local addresses. */
bool address_is_anywhere(const address_t *address);
/* Makes a socket of that family report the local address of each datagram. */
int socket_tell_local(int fd, int family);
/* Returns a datagram descriptor, or a fault with nothing left open. Ignores the backlog. */
int socket_bind(const address_t *address, const listen_options_t *options);
/* Returns a descriptor that is connecting or connected, or a fault with nothing left open. */
int socket_connect(const address_t *address);
/* Returns 0, or the fault of the finished connect. */
int socket_connected(int fd);
/* A descriptor, or a fault. Sets the peer's address. */
int socket_accept(int fd, address_t *peer);
/* The address that every connection of a listener has on this side, or false if that depends on the connection. */
bool socket_common_name(int fd, address_t *address);

/* Returns the bytes received, 0 at the peer's end, or a fault; EAGAIN is a fault. */
int socket_receive(int fd, void *bytes, size_t size);
/* Returns the bytes taken, or a fault; 0 for EAGAIN. The OS takes less than 2 GiB at once, so an int suffices. */
/* `more`: more bytes follow at once, and may share a packet with these. */
int socket_send(int fd, const struct iovec *pieces, int count, bool more);

/* A part of a file, and the file's expected state. */
typedef struct {
  int64_t offset;
  int64_t size;
  int64_t seconds; /* Of its last modification. */
  int64_t nanoseconds;
  int64_t fd;
} file_part_t;

/*
 * Makes the OS send at most `size` bytes of a file. Returns the bytes taken, or a fault; 0 for EAGAIN. ESTALE if the
 * file has changed.
 */
int socket_send_file(int fd, const file_part_t *part, size_t size);

/* The peer has ended or broken a stream, and no input is unread. */
bool socket_is_deserted(int fd);

/* The pending condition of a descriptor that is neither read nor written. */
enum trouble { TROUBLE_NONE, TROUBLE_HANGUP, TROUBLE_ERROR };
enum trouble socket_trouble(int fd);
/* Returns why a stream is broken, and clears that error. Never 0. */
int socket_broken(int fd);
/* Discards urgent data, which is reported until it is read; false if there is none. */
bool socket_drop_urgent(int fd);
/* Returns how many written bytes the peer has not acknowledged, or a fault if the OS can't tell. */
int socket_unacknowledged(int fd);

/*
 * Prepares a foreign descriptor for polling. Returns 0, or a fault if it is not a connected stream socket. The caller
 * owns it in either case.
 */
int socket_adopt(int fd, bool *is_unix);
/* The same for a listening descriptor. */
int socket_adopt_listener(int fd, bool *is_unix);
/* Returns another descriptor of the same socket, or a fault. */
int socket_duplicate(int fd);

int socket_end(int fd);
int socket_close(int fd, bool reset);
int socket_no_delay(int fd, bool on);
/* `seconds` of silence before TCP probes the peer; 0 is off. */
int socket_keep_alive(int fd, int seconds);
int socket_name(int fd, bool peer, address_t *address);

#endif
