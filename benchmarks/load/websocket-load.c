/*
 * Puts load on a WebSocket server and checks every byte that comes back, heads of frames included.
 *
 *     websocket-load --port N --size BYTES --connections N --in-flight N --seconds S [--text] [--broadcast]
 *
 * Connects to /echo, prints `ready`, and begins when a line arrives on its input. Each connection keeps `in-flight`
 * messages under way and sends a new one for each that has come back whole. With `--broadcast` it connects to /broadcast,
 * where the first connection alone sends, and each message has to reach all of them before the next. After `seconds` it
 * waits for what is under way, and prints one line of JSON: requests (messages that came), seconds, p50 and p99 in
 * seconds, mismatches (wrong bytes). It keeps its connections until its input ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 262144, EVENTS = 256, PERIOD = 65521, LONGEST = 65536, PARTS = 64, STALL_MS = 5000, HEAD = 14 };

typedef struct {
  int fd;
  int waits_to_write;
  size_t index;
  uint64_t begun;           /* messages that were put into `out` */
  uint64_t received;        /* bytes that came back */
  unsigned char *out;       /* frames that have not been sent: out[start, end) */
  size_t start, end;
  uint64_t *begun_at;       /* when each message under way was begun, in ns: a ring */
} connection;

static struct {
  int port, size, connections, in_flight, text, broadcast;
  double seconds;
} want;

/* A message's byte at n is pattern[offset + n]; the offset depends on the message and on the connection. */
static unsigned char pattern[PERIOD + LONGEST];
static unsigned char reply_head[10];
static size_t head_size, frame_size;
static uint64_t histogram[64 * PARTS];
static uint64_t requests, timed, mismatches;
static connection *peers;
static int poller, stopping;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "websocket-load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static _Noreturn void give_up(const char *why) {
  errno = 0;
  fail(why);
}

static uint64_t now_ns(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) fail("clock_gettime");
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Buckets are 1/64 of their value wide; below 64 each value has its own. */
static void count_time(uint64_t value) {
  unsigned power = value < PARTS ? 0 : 63u - (unsigned)__builtin_clzll(value);
  histogram[value < PARTS ? value : (power - 5) * PARTS + ((value >> (power - 6)) - PARTS)]++;
  timed++;
}

static double percentile(double share) {
  uint64_t target = (uint64_t)(share * (double)timed), seen = 0;
  for (size_t bucket = 0; bucket < sizeof histogram / sizeof *histogram; bucket++) {
    seen += histogram[bucket];
    if (seen <= target) continue;
    if (bucket < PARTS) return (double)bucket / 1e9;
    unsigned power = (unsigned)(bucket / PARTS) + 5;
    return (double)(1ull << power) * (1 + ((double)(bucket % PARTS) + 0.5) / PARTS) / 1e9;
  }
  return 0;
}

static void fill_pattern(void) {
  uint32_t state = 2463534242u;
  for (size_t i = 0; i < PERIOD; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    pattern[i] = want.text ? (unsigned char)(32 + state % 95) : (unsigned char)state;
  }
  for (size_t i = PERIOD; i < sizeof pattern; i++) pattern[i] = pattern[i - PERIOD];
}

static const unsigned char *message_at(size_t index, uint64_t message) {
  return pattern + (index * 7919 + message * 31) % PERIOD;
}

/* Writes a frame's head; answers how long it is. */
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

/* Puts another message, masked by a key of its own, behind those that have not been sent. */
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

static void count_wrong(const unsigned char *bytes, const unsigned char *expected, size_t size) {
  if (memcmp(bytes, expected, size) == 0) return;
  for (size_t i = 0; i < size; i++) mismatches += bytes[i] != expected[i];
}

/* Compares what came with the frames that have to come. */
static void check(const connection *peer, const unsigned char *bytes, size_t size) {
  uint64_t position = peer->received;
  while (size > 0) {
    size_t offset = (size_t)(position % frame_size), in_head = offset < head_size;
    size_t part = (in_head ? head_size : frame_size) - offset;
    if (part > size) part = size;
    const unsigned char *message = message_at(want.broadcast ? 0 : peer->index, position / frame_size);
    count_wrong(bytes, in_head ? reply_head + offset : message + offset - head_size, part);
    bytes += part;
    position += part;
    size -= part;
  }
}

/* A message has reached one more connection; the next is sent when it has reached all. */
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
  check(peer, chunk, (size_t)size);
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
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)want.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  peer->index = index;
  peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (peer->fd < 0) fail("socket");
  if (connect(peer->fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  if (setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
  shake_hands(peer->fd);
  if (fcntl(peer->fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
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

/* The whole run; answers how long it took, in ns. */
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
  allow_descriptors();
  fill_pattern();
  head_size = write_head(reply_head, 0);
  frame_size = head_size + (size_t)want.size;
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  if ((peers = calloc((size_t)want.connections, sizeof *peers)) == NULL) fail("calloc");
  for (int i = 0; i < want.connections; i++) connect_one(&peers[i], (size_t)i);
  if (puts("ready") == EOF || fflush(stdout) != 0) fail("stdout");
  if (getchar() == EOF) return 0;
  uint64_t took = run();
  printf("{\"requests\":%llu,\"seconds\":%.6f,\"p50\":%.9f,\"p99\":%.9f,\"mismatches\":%llu}\n",
         (unsigned long long)requests, (double)took / 1e9, percentile(0.5), percentile(0.99),
         (unsigned long long)mismatches);
  if (fflush(stdout) != 0) fail("stdout");
  while (getchar() != EOF) {
  }
  return 0;
}
