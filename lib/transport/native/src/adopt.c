/* Takes over descriptors that others opened. */
#include <errno.h>
#include <fcntl.h>

#include "socket.h"

static int fail(enum call call) {
  return FAULT((int)call, errno);
}

static int make_pollable(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail(CALL_SOCKET);
  }
  return 0;
}

int socket_adopt(int fd, bool *is_unix) {
  int type = 0;
  socklen_t size = sizeof type;
  address_t peer;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return fail(CALL_SOCKET);
  if (type != SOCK_STREAM) return FAULT(CALL_SOCKET, EPROTOTYPE);
  int fault = socket_name(fd, true, &peer);
  if (fault != 0) return fault;
  fault = make_pollable(fd);
  if (fault != 0) return fault;
  *is_unix = peer.at.any.sa_family == AF_UNIX;
  return 0;
}

int socket_adopt_listener(int fd, bool *is_unix) {
  int type = 0, listens = 0;
  socklen_t size = sizeof type;
  address_t name;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return fail(CALL_SOCKET);
  size = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return fail(CALL_SOCKET);
  if (type != SOCK_STREAM || !listens) return FAULT(CALL_LISTEN, EINVAL);
  int fault = socket_name(fd, false, &name);
  if (fault != 0) return fault;
  fault = make_pollable(fd);
  if (fault != 0) return fault;
  *is_unix = name.at.any.sa_family == AF_UNIX;
  return *is_unix ? 0 : socket_no_delay(fd, true);
}

int socket_duplicate(int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? fail(CALL_DUP) : copy;
}
