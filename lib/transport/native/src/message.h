/* Datagrams, several in one system call where the system has one for that. */
#ifndef REVIO_MESSAGE_H
#define REVIO_MESSAGE_H

#include <sys/socket.h>

#ifndef HAS_MMSG
#ifdef __linux__
#define HAS_MMSG 1
#else
#define HAS_MMSG 0
#endif
#endif

#if HAS_MMSG
typedef struct mmsghdr message_t;
#else
typedef struct {
  struct msghdr msg_hdr;
  unsigned int msg_len;
} message_t;
#endif

/* How many have been received, or a fault that the first one met; EAGAIN is one. */
int messages_receive(int fd, message_t *messages, int count);
/* How many have been sent, 0 when the socket's buffer is full, or a fault that the first one met. */
int messages_send(int fd, message_t *messages, int count);

#endif
