/*
 * Floods an echo server with connections, each with one message, and checks every byte that it returns.
 *
 *     flood-load --port N --size BYTES --connections N --at-once N [--hold --active N --seconds S]
 *
 * Prints `ready`, and starts when a line arrives on its input. A transaction connects, sends its message, receives it
 * back, ends its side and waits for the other side's end; `at-once` of them are in progress. With `hold` it connects
 * before it is ready and keeps all connections; then `active` of them send a message, and a new one for each that has
 * returned, for `seconds`. Prints one line of JSON: requests, seconds, p50, p99 and max in seconds (from connecting or
 * sending until the last byte has returned), mismatches (wrong bytes). It keeps held connections until its input ends.
 */
#define _GNU_SOURCE
#include "load.h"
#include <getopt.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, STALL_MS = 20000, SOURCES = 200, MOST_SIZE = 65536 };

typedef struct {
  int fd;
  uint32_t sent; /* bytes of its message */
  uint32_t received;
  size_t offset; /* where in the pattern its message begins */
  uint64_t begun_at;
} connection;

static struct {
  int port, size, connections, at_once, hold, active;
  double seconds;
} want = {.active = 1};

static int poller, begun, done;
static uint64_t deadline; /* 0: not holding, or not yet. */

/* Uses many source addresses, so that no port in TIME_WAIT is waited for; the kernel picks the port on connect. */
static void bind_source(int fd, int index) {
  struct sockaddr_in source = {.sin_family = AF_INET};
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(index % SOURCES));
  int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) fail("setsockopt");
  if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) fail("bind");
}

/* Edge-triggered: one call watches a connection for its whole life. */
static void start(connection *peer, int index) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)want.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *peer = (connection){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (peer->fd < 0) fail("socket");
  peer->offset = (size_t)index * 7919 % PERIOD;
  peer->begun_at = now_ns();
  bind_source(peer->fd, index);
  if (connect(peer->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = peer};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, peer->fd, &event) != 0) fail("epoll_ctl");
}

/* Sends the rest of the message, as far as the socket takes it. */
static void send_rest(connection *peer) {
  while (peer->sent < (uint32_t)want.size) {
    size_t left = (size_t)want.size - peer->sent;
    ssize_t sent = send(peer->fd, stream_at(peer->offset, peer->sent), left, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) fail("send");
    peer->sent += (uint32_t)sent;
  }
}

/* Its message has returned. */
static void complete(connection *peer) {
  uint64_t now = now_ns();
  answered(now - peer->begun_at);
  if (!want.hold) {
    if (shutdown(peer->fd, SHUT_WR) != 0) fail("shutdown");
    return;
  }
  done++;
  if (deadline == 0 || now >= deadline) return;
  peer->sent = peer->received = 0;
  peer->begun_at = now;
  begun++;
  send_rest(peer);
}

/* Receives what has arrived; returns whether the peer has ended its side. */
static int take(connection *peer) {
  static unsigned char chunk[MOST_SIZE];
  for (;;) {
    ssize_t size = recv(peer->fd, chunk, sizeof chunk, 0);
    if (size < 0 && errno == EAGAIN) return 0;
    if (size < 0) fail("recv");
    if (size == 0) return 1;
    if (peer->received + (size_t)size > peer->sent) give_up("the server sent more than it was sent");
    check(chunk, (size_t)size, peer->offset, peer->received);
    peer->received += (uint32_t)size;
    if (peer->received == (uint32_t)want.size) complete(peer);
    if (want.hold) return 0;
  }
}

static void handle(connection *peer, uint32_t events) {
  if (events & EPOLLOUT) send_rest(peer);
  if (!(events & ~(uint32_t)EPOLLOUT) || !take(peer)) return;
  if (want.hold || peer->received < (uint32_t)want.size) give_up("the server closed a connection");
  if (close(peer->fd) != 0) fail("close");
  done++;
  if (begun == want.connections) return;
  start(peer, begun++);
}

/* Runs until everything that was started is done. */
static void run(void) {
  while (done < begun) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poller, events, EVENTS, STALL_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) give_up("the server answered nothing for 20 s");
    for (int i = 0; i < count; i++) handle(events[i].data.ptr, events[i].events);
  }
}

static void flood(connection *peers) {
  int first = want.at_once < want.connections ? want.at_once : want.connections;
  while (begun < first) {
    start(&peers[begun], begun);
    begun++;
  }
  run();
}

/* Connects all, `at_once` at a time, each with its first message. */
static void hold(connection *peers) {
  while (begun < want.connections) {
    int most = want.connections - begun < want.at_once ? want.connections : begun + want.at_once;
    for (; begun < most; begun++) start(&peers[begun], begun);
    run();
  }
  memset(histogram, 0, sizeof histogram);
  requests = timed = longest = 0;
}

/* Spreads the active ones over all connections. */
static void exchange(connection *peers) {
  deadline = now_ns() + (uint64_t)(want.seconds * 1e9);
  begun = done = 0;
  for (int i = 0; i < want.active; i++) {
    connection *peer = &peers[(size_t)i * (size_t)want.connections / (size_t)want.active];
    peer->sent = peer->received = 0;
    peer->begun_at = now_ns();
    begun++;
    send_rest(peer);
  }
  run();
}

static void read_options(int argc, char **argv) {
  static const struct option known[] = {
      {"port", required_argument, NULL, 'p'},    {"size", required_argument, NULL, 's'},
      {"connections", required_argument, NULL, 'c'}, {"at-once", required_argument, NULL, 'o'},
      {"hold", no_argument, NULL, 'h'},          {"active", required_argument, NULL, 'a'},
      {"seconds", required_argument, NULL, 't'}, {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    if (option == 'p') want.port = atoi(optarg);
    else if (option == 's') want.size = atoi(optarg);
    else if (option == 'c') want.connections = atoi(optarg);
    else if (option == 'o') want.at_once = atoi(optarg);
    else if (option == 'h') want.hold = 1;
    else if (option == 'a') want.active = atoi(optarg);
    else if (option == 't') want.seconds = atof(optarg);
    else exit(2);
  }
  int fits = want.size > 0 && want.size <= MOST_SIZE && want.active > 0 && want.active <= want.connections;
  if (want.port > 0 && want.connections > 0 && want.at_once > 0 && fits) return;
  fprintf(stderr, "usage: flood-load --port N --size BYTES --connections N --at-once N [--hold --active N --seconds S]\n");
  exit(2);
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  name = "flood-load";
  fill_pattern();
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  connection *peers = calloc((size_t)want.connections, sizeof *peers);
  if (peers == NULL) fail("calloc");
  if (want.hold) hold(peers);
  if (!may_begin()) return 0;
  uint64_t start = now_ns();
  if (want.hold) exchange(peers);
  else flood(peers);
  print_figures(now_ns() - start, NULL, 0);
  await_end();
  return 0;
}
