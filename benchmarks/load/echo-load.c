/*
 * Puts load on an echo server and checks every byte that it returns.
 *
 *     echo-load --port N --size BYTES --connections N --in-flight N --seconds S
 *
 * Connects, prints `ready`, and starts when a line arrives on its input. Each connection keeps `in-flight` messages in
 * flight and sends a new one for each that has returned. After `seconds` it sends no more, waits for messages in
 * flight, and prints one line of JSON: requests, seconds, p50 and p99 in seconds, mismatches (wrong bytes). It keeps
 * its connections until its input ends, so that the measurement does not include closing them.
 */
#define _GNU_SOURCE
#include "load.h"
#include <getopt.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, STALL_MS = 5000 };

typedef struct {
  int fd;
  int waits_to_write;
  uint64_t begun;    /* messages requested */
  uint64_t sent;     /* bytes of them that were sent */
  uint64_t received; /* bytes received */
  size_t offset;     /* where in the pattern this connection's stream begins */
  uint64_t *begun_at; /* the start time of each message in flight, in ns: a ring */
} connection;

static struct {
  int port, size, connections, in_flight;
  double seconds;
} want;

static int poller, stopping;

static void poll_for(connection *peer, int operation, int waits_to_write) {
  peer->waits_to_write = waits_to_write;
  struct epoll_event event = {.events = EPOLLIN | (waits_to_write ? EPOLLOUT : 0), .data.ptr = peer};
  if (epoll_ctl(poller, operation, peer->fd, &event) != 0) fail("epoll_ctl");
}

static void send_pending(connection *peer) {
  uint64_t goal = peer->begun * (uint64_t)want.size;
  while (peer->sent < goal) {
    size_t size = goal - peer->sent < CHUNK ? (size_t)(goal - peer->sent) : CHUNK;
    ssize_t sent = send(peer->fd, stream_at(peer->offset, peer->sent), size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) fail("send");
    if (sent > 0) peer->sent += (uint64_t)sent;
    if (sent < (ssize_t)size) break;
  }
  int waits = peer->sent < goal;
  if (waits != peer->waits_to_write) poll_for(peer, EPOLL_CTL_MOD, waits);
}

static void begin(connection *peer, int count, uint64_t now) {
  for (int i = 0; i < count; i++) peer->begun_at[peer->begun++ % (uint64_t)want.in_flight] = now;
  send_pending(peer);
}

/* Returns the number of bytes received. */
static size_t take(connection *peer) {
  static unsigned char chunk[CHUNK];
  ssize_t size = recv(peer->fd, chunk, sizeof chunk, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (size < 0) fail("recv");
  if (size == 0) give_up("the server closed a connection");
  if (peer->received + (uint64_t)size > peer->sent) give_up("the server sent more than it was sent");
  check(chunk, (size_t)size, peer->offset, peer->received);
  uint64_t done = peer->received / (uint64_t)want.size;
  peer->received += (uint64_t)size;
  uint64_t whole = peer->received / (uint64_t)want.size;
  if (whole == done) return (size_t)size;
  uint64_t now = now_ns();
  int count = (int)(whole - done);
  for (; done < whole; done++) answered(now - peer->begun_at[done % (uint64_t)want.in_flight]);
  if (!stopping) begin(peer, count, now);
  return (size_t)size;
}

static void connect_one(connection *peer, size_t index) {
  peer->fd = connect_to(want.port);
  stop_blocking(peer->fd);
  peer->offset = index * 7919 % PERIOD;
  peer->begun_at = calloc((size_t)want.in_flight, sizeof *peer->begun_at);
  if (peer->begun_at == NULL) fail("calloc");
  poll_for(peer, EPOLL_CTL_ADD, 0);
}

/* The whole run; returns its duration in ns. */
static uint64_t run(connection *peers) {
  uint64_t start = now_ns(), deadline = start + (uint64_t)(want.seconds * 1e9);
  uint64_t begun = 0;
  for (int i = 0; i < want.connections; i++) begin(&peers[i], want.in_flight, now_ns());
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
    if (!stopping && now >= deadline) {
      stopping = 1;
      for (int i = 0; i < want.connections; i++) begun += peers[i].begun;
    }
    if (stopping && requests == begun) return now - start;
  }
}

static void read_options(int argc, char **argv) {
  static const struct option known[] = {
      {"port", required_argument, NULL, 'p'},      {"size", required_argument, NULL, 's'},
      {"connections", required_argument, NULL, 'c'}, {"in-flight", required_argument, NULL, 'f'},
      {"seconds", required_argument, NULL, 't'},   {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    if (option == 'p') want.port = atoi(optarg);
    else if (option == 's') want.size = atoi(optarg);
    else if (option == 'c') want.connections = atoi(optarg);
    else if (option == 'f') want.in_flight = atoi(optarg);
    else if (option == 't') want.seconds = atof(optarg);
    else exit(2);
  }
  if (want.port > 0 && want.size > 0 && want.connections > 0 && want.in_flight > 0 && want.seconds > 0) return;
  fprintf(stderr, "usage: echo-load --port N --size BYTES --connections N --in-flight N --seconds S\n");
  exit(2);
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  name = "echo-load";
  fill_pattern();
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  connection *peers = calloc((size_t)want.connections, sizeof *peers);
  if (peers == NULL) fail("calloc");
  for (int i = 0; i < want.connections; i++) connect_one(&peers[i], (size_t)i);
  if (!may_begin()) return 0;
  uint64_t took = run(peers);
  print_figures(took, NULL, 0);
  await_end();
  return 0;
}
