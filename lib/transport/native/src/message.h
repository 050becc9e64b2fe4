/* Receives and sends datagrams, several in one system call if the OS can. */
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

/* Room for a datagram's control data: its local address. */
typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
} control_t;

/*
 * Writes the address that a datagram arrived at, as 4 or 16 bytes. Leaves `local` unchanged if it is not an address of
 * the host.
 */
void control_read(struct msghdr *header, int family, uint8_t *local);
/* Makes a datagram leave from that address, through a socket of that family. Returns the length of the control data. */
size_t control_write(control_t *control, int family, const address_t *local);

/* Returns how many were received, or the fault of the first one; EAGAIN is a fault. */
int messages_receive(int fd, message_t *messages, int count);
/* Returns how many were sent, 0 if the socket's buffer is full, or the fault of the first one. */
int messages_send(int fd, message_t *messages, int count);

#endif
