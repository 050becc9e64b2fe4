#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#ifdef __linux__
#include <sys/sendfile.h>
#endif
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/*
 * Linux opens a descriptor non-blocking and close-on-exec in one call; elsewhere a fork between the calls can leak it.
 */
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
#define OPEN_FLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)
#define HAS_ACCEPT4 1
#else
#define OPEN_FLAGS 0
#define HAS_ACCEPT4 0
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_MORE
#define MSG_MORE 0
#endif

#ifdef TCP_KEEPIDLE
#define KEEP_IDLE TCP_KEEPIDLE
#else
#define KEEP_IDLE TCP_KEEPALIVE
#endif

/* The kernel accepts at most 32767 for TCP_KEEPIDLE. Probes are one second apart, as in node:net. */
#define MAX_KEEP_IDLE 32767
#define KEEP_INTERVAL 1
#define KEEP_COUNT 10

static int fail(enum call call) {
  return FAULT((int)call, errno);
}

/* Closes a descriptor after a failed call, and returns that call's fault. */
static int give_up(int fd, enum call call) {
  int fault = fail(call);
  close(fd); /* Nothing was written, so close has nothing to report. */
  return fault;
}

static int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : fail(CALL_SETSOCKOPT);
}

/* Sets what OPEN_FLAGS and MSG_NOSIGNAL could not set on this system. */
static int make_ready(int fd) {
#if !HAS_ACCEPT4
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return -1;
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) return -1;
#endif
#ifdef SO_NOSIGPIPE
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) != 0) return -1;
#endif
  (void)fd;
  return 0;
}

static int socket_open(int family, int type) {
  int fd = socket(family, type | OPEN_FLAGS, 0);
  if (fd < 0) return fail(CALL_SOCKET);
  return make_ready(fd) == 0 ? fd : give_up(fd, CALL_SOCKET);
}

bool address_inet(address_t *address, const char *host, int port) {
  memset(address, 0, sizeof *address);
  if (uv_ip4_addr(host, port, &address->at.in4) == 0) {
    address->size = sizeof address->at.in4;
    return true;
  }
  address->size = sizeof address->at.in6;
  return uv_ip6_addr(host, port, &address->at.in6) == 0;
}

bool address_unix(address_t *address, const char *path, size_t length) {
  memset(address, 0, sizeof *address);
  if (length == 0 || length >= sizeof address->at.un.sun_path) return false;
  address->at.un.sun_family = AF_UNIX;
  memcpy(address->at.un.sun_path, path, length);
  /* An abstract name starts with a zero byte and uses all of `length`; a path ends with one. */
  address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '\0' ? 0 : 1));
  return true;
}

void address_text(const address_t *address, char text[ADDRESS_TEXT]) {
  text[0] = '\0';
  /* Can fail only if the buffer is too small. */
  (void)uv_ip_name(&address->at.any, text, INET6_ADDRSTRLEN);
  uint32_t scope = address->at.any.sa_family == AF_INET6 ? address->at.in6.sin6_scope_id : 0;
  if (scope == 0) return;
  size_t length = strlen(text), size = UV_IF_NAMESIZE;
  text[length] = '%';
  if (uv_if_indextoiid(scope, text + length + 1, &size) != 0) text[length] = '\0';
}

static int configure(int fd, int family, const listen_options_t *options) {
  int fault = 0;
  if (family == AF_INET6) fault = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->v6only);
  if (fault == 0 && options->reuseport) fault = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  return fault;
}

/*
 * The path must never have more permissions than requested: the kernel checks them before it checks whether the socket
 * listens, so a peer that connects too early would be served. Linux gives the path the descriptor's mode without the
 * umask's bits; chmod restores those bits before anyone is accepted. Other systems offer no such way, which leaves a
 * moment in between.
 */
static int listen_at_path(int fd, const char *path, const address_t *address, const listen_options_t *options) {
  bool has_mode = options->mode >= 0;
  mode_t mode = (mode_t)options->mode;
#ifdef __linux__
  if (has_mode && fchmod(fd, mode) != 0) return give_up(fd, CALL_CHMOD);
#endif
  if (bind(fd, &address->at.any, address->size) != 0) return give_up(fd, CALL_BIND);
  int fault = has_mode && chmod(path, mode) != 0 ? fail(CALL_CHMOD) : 0;
  if (fault == 0 && listen(fd, options->backlog) != 0) fault = fail(CALL_LISTEN);
  if (fault == 0) return fd;
  (void)unlink(path); /* If this fails, the path remains, and the next server takes it over. */
  close(fd);
  return fault;
}

int socket_listen(const address_t *address, const listen_options_t *options) {
  int family = address->at.any.sa_family;
  int fd = socket_open(family, SOCK_STREAM);
  if (fd < 0) return fd;
  int fault = family == AF_UNIX ? 0 : set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  /* Accepted sockets inherit it, which saves a call for each connection. */
  if (fault == 0 && family != AF_UNIX) fault = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (fault == 0 && family != AF_UNIX) fault = configure(fd, family, options);
  if (fault != 0) {
    close(fd);
    return fault;
  }
  const char *path = family == AF_UNIX && address->at.un.sun_path[0] != '\0' ? address->at.un.sun_path : NULL;
  if (path != NULL) return listen_at_path(fd, path, address, options);
  if (bind(fd, &address->at.any, address->size) != 0) return give_up(fd, CALL_BIND);
  if (listen(fd, options->backlog) != 0) return give_up(fd, CALL_LISTEN);
  return fd;
}

int socket_bind(const address_t *address, const listen_options_t *options) {
  int fd = socket_open(address->at.any.sa_family, SOCK_DGRAM);
  if (fd < 0) return fd;
  /* Without SO_REUSEADDR, which would let another datagram socket take over the port. */
  int fault = configure(fd, address->at.any.sa_family, options);
  if (fault != 0) {
    close(fd);
    return fault;
  }
  return bind(fd, &address->at.any, address->size) == 0 ? fd : give_up(fd, CALL_BIND);
}

bool address_is_anywhere(const address_t *address) {
  if (address->at.any.sa_family == AF_INET) return address->at.in4.sin_addr.s_addr == htonl(INADDR_ANY);
  return address->at.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->at.in6.sin6_addr);
}

int socket_tell_local(int fd, int family) {
  if (family == AF_INET6) return set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
#ifdef IP_RECVPKTINFO
  return set_option(fd, IPPROTO_IP, IP_RECVPKTINFO, 1);
#else
  return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
#endif
}

int socket_connect(const address_t *address) {
  int fd = socket_open(address->at.any.sa_family, SOCK_STREAM);
  if (fd < 0) return fd;
  if (address->at.any.sa_family != AF_UNIX) {
    int fault = socket_no_delay(fd, true);
    if (fault != 0) {
      close(fd);
      return fault;
    }
  }
  /* An interrupted connect continues anyway; EAGAIN means that a Unix socket's backlog is full. */
  if (connect(fd, &address->at.any, address->size) == 0 || errno == EINPROGRESS || errno == EINTR) return fd;
  return give_up(fd, CALL_CONNECT);
}

int socket_connected(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return fail(CALL_CONNECT);
  return error == 0 ? 0 : FAULT(CALL_CONNECT, error);
}

int socket_accept(int fd, address_t *peer) {
  peer->size = sizeof peer->at;
#if HAS_ACCEPT4
  int accepted = accept4(fd, &peer->at.any, &peer->size, OPEN_FLAGS);
#else
  int accepted = accept(fd, &peer->at.any, &peer->size);
#endif
  if (accepted < 0) return fail(CALL_ACCEPT);
  return make_ready(accepted) == 0 ? accepted : give_up(accepted, CALL_ACCEPT);
}

int socket_receive(int fd, void *bytes, size_t size) {
  ssize_t got;
  do got = recv(fd, bytes, size, 0);
  while (got < 0 && errno == EINTR);
  return got < 0 ? fail(CALL_RECV) : (int)got;
}

int socket_send(int fd, const struct iovec *pieces, int count, bool more) {
  ssize_t taken;
  int flags = more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
  struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
  do {
    taken = count == 1 ? send(fd, pieces[0].iov_base, pieces[0].iov_len, flags) : sendmsg(fd, &message, flags);
  } while (taken < 0 && errno == EINTR);
  if (taken >= 0) return (int)taken;
  /* ENOBUFS is a temporary lack of memory: like a full socket buffer, it passes. */
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : fail(CALL_SEND);
}

#ifdef __linux__
/* Through libuv, because the C library's fstat is a newer symbol than the addon may require. */
static bool is_unchanged(const file_part_t *part) {
  uv_fs_t request;
  bool same = uv_fs_fstat(NULL, &request, (uv_file)part->fd, NULL) == 0 &&
              request.statbuf.st_size == (uint64_t)part->size && request.statbuf.st_mtim.tv_sec == part->seconds &&
              request.statbuf.st_mtim.tv_nsec == part->nanoseconds;
  uv_fs_req_cleanup(&request);
  return same;
}

int socket_send_file(int fd, const file_part_t *part, size_t size) {
  off_t offset = part->offset;
  ssize_t taken;
  if (!is_unchanged(part)) return FAULT(CALL_SENDFILE, ESTALE);
  do taken = sendfile(fd, (int)part->fd, &offset, size);
  while (taken < 0 && errno == EINTR);
  if (taken == 0 && size > 0) return FAULT(CALL_SENDFILE, ESTALE); /* The file was truncated. */
  if (taken > 0) return (int)taken;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : fail(CALL_SENDFILE);
}
#else
int socket_send_file(int fd, const file_part_t *part, size_t size) {
  (void)fd, (void)part, (void)size;
  return FAULT(CALL_SENDFILE, ENOTSUP);
}
#endif

bool socket_is_deserted(int fd) {
  char byte;
  ssize_t got = recv(fd, &byte, 1, MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

enum trouble socket_trouble(int fd) {
  struct pollfd look = {.fd = fd, .events = 0};
  if (poll(&look, 1, 0) <= 0) return TROUBLE_NONE;
  if (look.revents & POLLERR) return TROUBLE_ERROR;
  return look.revents & POLLHUP ? TROUBLE_HANGUP : TROUBLE_NONE;
}

int socket_broken(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return fail(CALL_RECV);
  /* After the peer's end, Linux reports a reset as EPIPE, and one of a Unix socket as no error at all. */
  return FAULT(CALL_RECV, error == 0 || error == EPIPE ? ECONNRESET : error);
}

bool socket_drop_urgent(int fd) {
  char urgent;
  return recv(fd, &urgent, 1, MSG_OOB) == 1;
}

int socket_unacknowledged(int fd) {
  int bytes = 0;
#if defined(__linux__)
  /* The same number as Linux's name for sockets, SIOCOUTQ, whose header musl does not have. */
  if (ioctl(fd, TIOCOUTQ, &bytes) != 0) return fail(CALL_IOCTL);
#elif defined(SO_NWRITE)
  socklen_t size = sizeof bytes;
  if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &size) != 0) return fail(CALL_IOCTL);
#else
  (void)fd;
  return FAULT(CALL_IOCTL, ENOTSUP);
#endif
  return bytes;
}

int socket_end(int fd) {
  return shutdown(fd, SHUT_WR) == 0 ? 0 : fail(CALL_SHUTDOWN);
}

int socket_close(int fd, bool reset) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  /* If this fails, the peer gets an orderly end instead of a reset. */
  if (reset) (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  /* Even if interrupted, the descriptor is closed: closing it again could close another one. */
  return close(fd) == 0 || errno == EINTR || errno == EINPROGRESS ? 0 : fail(CALL_CLOSE);
}

int socket_no_delay(int fd, bool on) {
  return set_option(fd, IPPROTO_TCP, TCP_NODELAY, on);
}

int socket_keep_alive(int fd, int seconds) {
  int fault = set_option(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0);
  if (fault != 0 || seconds <= 0) return fault;
  fault = set_option(fd, IPPROTO_TCP, KEEP_IDLE, seconds < MAX_KEEP_IDLE ? seconds : MAX_KEEP_IDLE);
  if (fault == 0) fault = set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL);
  if (fault == 0) fault = set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
  return fault;
}

bool socket_common_name(int fd, address_t *address) {
#ifdef IP_TRANSPARENT
  /* Such a listener, which may be inherited, accepts connections to other addresses than its own. */
  int transparent = 0;
  socklen_t size = sizeof transparent;
  if (getsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &transparent, &size) != 0 || transparent != 0) return false;
#endif
  return socket_name(fd, false, address) == 0 && address->at.any.sa_family == AF_INET && !address_is_anywhere(address);
}

int socket_name(int fd, bool peer, address_t *address) {
  memset(address, 0, sizeof *address);
  address->size = sizeof address->at;
  if (peer) return getpeername(fd, &address->at.any, &address->size) == 0 ? 0 : fail(CALL_GETPEERNAME);
  return getsockname(fd, &address->at.any, &address->size) == 0 ? 0 : fail(CALL_GETSOCKNAME);
}
