/* Datagrams, several in one system call where the system has one for that. */
#ifndef REVIO_MESSAGE_H
#define REVIO_MESSAGE_H

#include <stdint.h>
#include <sys/socket.h>

#include "socket.h"

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

/* Room for what goes with a datagram: which of this side's addresses it came to, or is to leave from. */
typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
} control_t;

/* Writes the address that a datagram came to, as 4 or 16 bytes; leaves `local` alone where it is not a host's own. */
void control_read(struct msghdr *header, int family, uint8_t *local);
/* Has a datagram leave from that address, by a socket of that family; answers the length of the control data. */
size_t control_write(control_t *control, int family, const address_t *local);

/* How many have been received, or a fault that the first one met; EAGAIN is one. */
int messages_receive(int fd, message_t *messages, int count);
/* How many have been sent, 0 when the socket's buffer is full, or a fault that the first one met. */
int messages_send(int fd, message_t *messages, int count);

#endif
