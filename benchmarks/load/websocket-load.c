/*
 * Puts load on a WebSocket server and checks every byte that it returns, including the heads of frames.
 *
 *     websocket-load --port N --size BYTES --connections N --in-flight N --seconds S [--text] [--broadcast]
 *
 * Connects to /echo, prints `ready`, and starts when a line arrives on its input. Each connection keeps `in-flight`
 * messages in flight and sends a new one for each that has returned. With `--broadcast` it connects to /broadcast,
 * where only the first connection sends, and each message must reach all of them before the next. After `seconds` it
 * waits for messages in flight, and prints one line of JSON: requests (messages received), seconds, p50 and p99 in
 * seconds, mismatches (wrong bytes). It keeps its connections until its input ends.
 */
#define _GNU_SOURCE
#include "load.h"
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS = 256, LONGEST = 65536, STALL_MS = 5000, HEAD = 14 };

typedef struct {
  int fd;
  int waits_to_write;
  size_t index;
  uint64_t begun;           /* messages that were put into `out` */
  uint64_t received;        /* bytes received */
  unsigned char *out;       /* frames that have not been sent: out[start, end) */
  size_t start, end;
  uint64_t *begun_at;       /* the start time of each message in flight, in ns: a ring */
} connection;

static struct {
  int port, size, connections, in_flight, text, broadcast;
  double seconds;
} want;

static unsigned char reply_head[10];
static size_t head_size, frame_size;
static connection *peers;
static int poller, stopping;

/* Makes the pattern printable, so that messages can be text. */
static void make_text(void) {
  for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (unsigned char)(32 + pattern[i] % 95);
}

/* A message's position in the pattern depends on its number and its connection. */
static const unsigned char *message_at(size_t index, uint64_t message) {
  return stream_at(index * 7919, message * 31);
}

/* Writes a frame's head and returns its length. */
static size_t write_head(unsigned char *into, unsigned mask) {
  size_t size = (size_t)want.size;
  into[0] = want.text ? 0x81 : 0x82;
  into[1] = (unsigned char)(mask | (size <= 125 ? size : size <= 65535 ? 126 : 127));
  if (size <= 125) return 2;
  size_t bytes = size <= 65535 ? 2 : 8;
  for (size_t i = 0; i < bytes; i++) into[2 + i] = (unsigned char)(size >> (8 * (bytes - 1 - i)));
  return 2 + bytes;
}

static void poll_for(connection *peer, int operation, int waits_to_write) {
  peer->waits_to_write = waits_to_write;
  struct epoll_event event = {.events = EPOLLIN | (waits_to_write ? EPOLLOUT : 0), .data.ptr = peer};
  if (epoll_ctl(poller, operation, peer->fd, &event) != 0) fail("epoll_ctl");
}

static void send_pending(connection *peer) {
  while (peer->start < peer->end) {
    ssize_t sent = send(peer->fd, peer->out + peer->start, peer->end - peer->start, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) fail("send");
    if (sent < 0) break;
    peer->start += (size_t)sent;
  }
  if (peer->start == peer->end) peer->start = peer->end = 0;
  int waits = peer->start < peer->end;
  if (waits != peer->waits_to_write) poll_for(peer, EPOLL_CTL_MOD, waits);
}

/* Appends another message, masked by its own key, to those that have not been sent. */
static void put_frame(connection *peer, uint64_t now) {
  const unsigned char *message = message_at(peer->index, peer->begun);
  if (peer->start > 0) {
    memmove(peer->out, peer->out + peer->start, peer->end - peer->start);
    peer->end -= peer->start;
    peer->start = 0;
  }
  unsigned char *at = peer->out + peer->end;
  at += write_head(at, 0x80);
  uint32_t key = (uint32_t)(peer->begun * 2654435761u + peer->index * 40503u + 1);
  uint64_t word, keys = (uint64_t)key << 32 | key;
  memcpy(at, &key, 4);
  at += 4;
  size_t size = (size_t)want.size, i = 0;
  for (; i + 8 <= size; i += 8) {
    memcpy(&word, message + i, 8);
    word ^= keys;
    memcpy(at + i, &word, 8);
  }
  for (; i < size; i++) at[i] = message[i] ^ ((unsigned char *)&key)[i & 3];
  peer->end = (size_t)(at + size - peer->out);
  peer->begun_at[peer->begun++ % (uint64_t)want.in_flight] = now;
}

static void begin(connection *peer, int count, uint64_t now) {
  for (int i = 0; i < count; i++) put_frame(peer, now);
  send_pending(peer);
}

/* Compares received bytes with the expected frames. */
static void check_frames(const connection *peer, const unsigned char *bytes, size_t size) {
  uint64_t position = peer->received;
  while (size > 0) {
    size_t offset = (size_t)(position % frame_size), in_head = offset < head_size;
    size_t part = (in_head ? head_size : frame_size) - offset;
    if (part > size) part = size;
    const unsigned char *message = message_at(want.broadcast ? 0 : peer->index, position / frame_size);
    compare(bytes, in_head ? reply_head + offset : message + offset - head_size, part);
    bytes += part;
    position += part;
    size -= part;
  }
}

/* A message has reached another connection; once it has reached all, the next one is sent. */
static void arrived(uint64_t now) {
  if (requests % (uint64_t)want.connections != 0) return;
  count_time(now - peers[0].begun_at[(peers[0].begun - 1) % (uint64_t)want.in_flight]);
  if (!stopping) begin(&peers[0], 1, now);
}

static void take(connection *peer) {
  static unsigned char chunk[CHUNK];
  ssize_t size = recv(peer->fd, chunk, sizeof chunk, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) fail("recv");
  if (size == 0) give_up("the server closed a connection");
  check_frames(peer, chunk, (size_t)size);
  uint64_t done = peer->received / frame_size;
  peer->received += (uint64_t)size;
  uint64_t whole = peer->received / frame_size;
  if (whole == done) return;
  if (whole > (want.broadcast ? peers[0].begun : peer->begun)) give_up("the server sent more than it was asked for");
  uint64_t now = now_ns();
  requests += whole - done;
  if (want.broadcast) return arrived(now);
  int count = (int)(whole - done);
  for (; done < whole; done++) count_time(now - peer->begun_at[done % (uint64_t)want.in_flight]);
  if (!stopping) begin(peer, count, now);
}

static void shake_hands(int fd) {
  char request[256], answer[2048];
  int length = snprintf(request, sizeof request,
                        "GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        want.broadcast ? "broadcast" : "echo");
  if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) fail("send");
  size_t got = 0;
  while (got < 4 || memcmp(answer + got - 4, "\r\n\r\n", 4) != 0) {
    if (got == sizeof answer - 1) give_up("the answer to the handshake is too long");
    ssize_t size = recv(fd, answer + got, 1, 0);
    if (size < 0) fail("recv");
    if (size == 0) give_up("the server closed a connection during the handshake");
    got += (size_t)size;
  }
  answer[got] = 0;
  if (strncmp(answer, "HTTP/1.1 101 ", 13) == 0 && strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != NULL) return;
  give_up("the server refused the handshake");
}

static void connect_one(connection *peer, size_t index) {
  peer->index = index;
  peer->fd = connect_to(want.port);
  shake_hands(peer->fd);
  stop_blocking(peer->fd);
  peer->begun_at = calloc((size_t)want.in_flight, sizeof *peer->begun_at);
  if (!want.broadcast || index == 0) peer->out = malloc((size_t)want.in_flight * ((size_t)want.size + HEAD));
  if (peer->begun_at == NULL || (peer->out == NULL && (!want.broadcast || index == 0))) fail("malloc");
  poll_for(peer, EPOLL_CTL_ADD, 0);
}

static int is_done(void) {
  if (want.broadcast) return requests == peers[0].begun * (uint64_t)want.connections;
  uint64_t begun = 0;
  for (int i = 0; i < want.connections; i++) begun += peers[i].begun;
  return requests == begun;
}

/* The whole run; returns its duration in ns. */
static uint64_t run(void) {
  uint64_t start = now_ns(), deadline = start + (uint64_t)(want.seconds * 1e9);
  int senders = want.broadcast ? 1 : want.connections;
  for (int i = 0; i < senders; i++) begin(&peers[i], want.in_flight, now_ns());
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poller, events, EVENTS, STALL_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) give_up("the server answered nothing for 5 s");
    for (int i = 0; i < count; i++) {
      connection *peer = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_pending(peer);
      if (events[i].events & ~(uint32_t)EPOLLOUT) take(peer);
    }
    uint64_t now = now_ns();
    if (now >= deadline) stopping = 1;
    if (stopping && is_done()) return now - start;
  }
}

static void read_options(int argc, char **argv) {
  static const struct option known[] = {
      {"port", required_argument, NULL, 'p'},        {"size", required_argument, NULL, 's'},
      {"connections", required_argument, NULL, 'c'}, {"in-flight", required_argument, NULL, 'f'},
      {"seconds", required_argument, NULL, 't'},     {"text", no_argument, NULL, 'x'},
      {"broadcast", no_argument, NULL, 'b'},         {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    if (option == 'p') want.port = atoi(optarg);
    else if (option == 's') want.size = atoi(optarg);
    else if (option == 'c') want.connections = atoi(optarg);
    else if (option == 'f') want.in_flight = atoi(optarg);
    else if (option == 't') want.seconds = atof(optarg);
    else if (option == 'x') want.text = 1;
    else if (option == 'b') want.broadcast = 1;
    else exit(2);
  }
  if (want.broadcast) want.in_flight = 1;
  if (want.port > 0 && want.size > 0 && want.size <= LONGEST && want.connections > 0 && want.in_flight > 0 &&
      want.seconds > 0)
    return;
  fprintf(stderr, "usage: websocket-load --port N --size BYTES --connections N --in-flight N --seconds S "
                  "[--text] [--broadcast]\n");
  exit(2);
}

static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  name = "websocket-load";
  allow_descriptors();
  fill_pattern();
  if (want.text) make_text();
  head_size = write_head(reply_head, 0);
  frame_size = head_size + (size_t)want.size;
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  if ((peers = calloc((size_t)want.connections, sizeof *peers)) == NULL) fail("calloc");
  for (int i = 0; i < want.connections; i++) connect_one(&peers[i], (size_t)i);
  if (!may_begin()) return 0;
  uint64_t took = run();
  print_figures(took, NULL, 0);
  await_end();
  return 0;
}
