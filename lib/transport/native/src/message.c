#include "message.h"

#include <errno.h>
#include <string.h>

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
  /* The next call reports the error that ended this one. */
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
  /* ENOBUFS is a temporary lack of memory: like a full socket buffer, it passes. */
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : FAULT(CALL_SEND, errno);
}

/* --- local addresses --- */

/* A broadcast arrives at an address that can't be a source address; Linux reports which one to use instead. */
#ifdef __linux__
#define OWN_ADDRESS(info) (&(info).ipi_spec_dst)
#else
#define OWN_ADDRESS(info) (&(info).ipi_addr)
#endif

static void read_six(const struct in6_pktinfo *info, int family, uint8_t *local) {
  bool mapped = IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr);
  if (mapped != (family == 4) || IN6_IS_ADDR_MULTICAST(&info->ipi6_addr)) return;
  memcpy(local, info->ipi6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
}

void control_read(struct msghdr *header, int family, uint8_t *local) {
  struct in_pktinfo four;
  struct in6_pktinfo six;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO && family == 4) {
      memcpy(&four, CMSG_DATA(part), sizeof four);
      memcpy(local, OWN_ADDRESS(four), 4);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      memcpy(&six, CMSG_DATA(part), sizeof six);
      read_six(&six, family, local);
    }
  }
}

static size_t put(control_t *control, int level, int type, const void *data, size_t size) {
  struct msghdr header = {.msg_control = control, .msg_controllen = sizeof *control};
  memset(control, 0, sizeof *control);
  struct cmsghdr *part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(part), data, size);
  return CMSG_SPACE(size);
}

size_t control_write(control_t *control, int family, const address_t *local) {
  bool four = local->at.any.sa_family == AF_INET;
  if (family == AF_INET) {
    struct in_pktinfo info = {.ipi_spec_dst = local->at.in4.sin_addr};
    return put(control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  }
  struct in6_pktinfo info = {.ipi6_ifindex = four ? 0 : local->at.in6.sin6_scope_id};
  if (four) {
    memset(info.ipi6_addr.s6_addr + 10, 0xff, 2);
    memcpy(info.ipi6_addr.s6_addr + 12, &local->at.in4.sin_addr, 4);
  } else info.ipi6_addr = local->at.in6.sin6_addr;
  return put(control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}
