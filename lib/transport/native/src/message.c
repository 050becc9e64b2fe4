#include "message.h"

#include <errno.h>

#include "socket.h"

#if HAS_MMSG

static int receive(int fd, message_t *messages, int count) {
  return recvmmsg(fd, messages, (unsigned int)count, 0, NULL);
}

static int send_all(int fd, message_t *messages, int count) {
  return sendmmsg(fd, messages, (unsigned int)count, MSG_NOSIGNAL);
}

#else

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static int receive(int fd, message_t *messages, int count) {
  int got = 0;
  for (; got < count; got++) {
    ssize_t length = recvmsg(fd, &messages[got].msg_hdr, 0);
    if (length < 0) break;
    messages[got].msg_len = (unsigned int)length;
  }
  /* What has ended it, the next call meets again. */
  return got > 0 ? got : -1;
}

static int send_all(int fd, message_t *messages, int count) {
  int sent = 0;
  while (sent < count && sendmsg(fd, &messages[sent].msg_hdr, MSG_NOSIGNAL) >= 0) sent++;
  return sent > 0 ? sent : -1;
}

#endif

int messages_receive(int fd, message_t *messages, int count) {
  int got;
  do got = receive(fd, messages, count);
  while (got < 0 && errno == EINTR);
  return got < 0 ? FAULT(CALL_RECV, errno) : got;
}

int messages_send(int fd, message_t *messages, int count) {
  int sent;
  do sent = send_all(fd, messages, count);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return sent;
  /* ENOBUFS is short of memory for a moment: as when the socket's own buffer is full, more goes later. */
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : FAULT(CALL_SEND, errno);
}
