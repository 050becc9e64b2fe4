/*
 * Puts load on an echo server over TLS 1.3 and checks every byte that it returns.
 *
 *     tls-load --port=N --size=BYTES --connections=N --in-flight=N --seconds=S --cipher=NAME [--single] [--handshakes]
 * [--resume]
 *
 * Connects, prints `ready`, and starts when a line arrives on its input; ends and prints like echo-load. Sends what is
 * due at once in one record (of up to 16 KiB), or with `--single` one record for each message.
 *
 * With `--handshakes` each connection repeats the following, which counts as one request: it connects, sends one
 * message, waits for it to return, ends TLS and waits for the server to close. With `--resume` it offers the session
 * of its last connection, the first of which is not counted; `resumed` is how many the server resumed.
 */
#define _GNU_SOURCE
#include "../tls-wire.h"
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, STALL_MS = 5000 };

typedef struct {
  wire wire;
  int waits_to_write;
  int ending;        /* it has ended TLS, and waits for the server to close */
  uint64_t begun;    /* messages requested */
  uint64_t sent;     /* bytes of them that were encrypted */
  uint64_t received; /* bytes received */
  size_t offset;     /* where in the pattern this connection's stream begins */
  uint64_t *begun_at; /* the start time of each message in flight, in ns: a ring */
  SSL_SESSION *session; /* to resume */
} connection;

static struct {
  int port, size, connections, in_flight;
  double seconds;
  const char *cipher;
  int single, handshakes, resume;
} want;

static SSL_CTX *context;
static uint64_t resumed;
static int poller, stopping, counting;

static void poll_for(connection *peer, int operation, int waits_to_write) {
  peer->waits_to_write = waits_to_write;
  struct epoll_event event = {.events = EPOLLIN | (waits_to_write ? EPOLLOUT : 0), .data.ptr = peer};
  if (epoll_ctl(poller, operation, peer->wire.fd, &event) != 0) fail("epoll_ctl");
}

/* Encrypts requested bytes: as many as fit a portion of the pattern. */
static void encrypt(connection *peer) {
  uint64_t goal = peer->begun * (uint64_t)want.size;
  while (peer->sent < goal) {
    size_t most = want.single ? (size_t)want.size - (size_t)(peer->sent % (uint64_t)want.size) : CHUNK, done;
    if (most > CHUNK) most = CHUNK;
    size_t size = goal - peer->sent < most ? (size_t)(goal - peer->sent) : most;
    if (SSL_write_ex(peer->wire.ssl, stream_at(peer->offset, peer->sent), size, &done) != 1) wire_fail("write");
    peer->sent += done;
  }
}

/* A connection with unsent ciphertext encrypts no more until it is sent. */
static void send_pending(connection *peer) {
  int gone = 1;
  if (peer->wire.rest != NULL) gone = wire_send(&peer->wire);
  if (gone > 0) {
    if (SSL_is_init_finished(peer->wire.ssl) && !peer->ending) encrypt(peer);
    gone = wire_send(&peer->wire);
  }
  if (gone < 0) fail("send");
  int waits = gone == 0;
  if (waits != peer->waits_to_write) poll_for(peer, EPOLL_CTL_MOD, waits);
}

static void begin(connection *peer, int count, uint64_t now) {
  for (int i = 0; i < count; i++) peer->begun_at[peer->begun++ % (uint64_t)want.in_flight] = now;
}

static void open_one(connection *peer, uint64_t now) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)want.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  wire_begin(&peer->wire, fd, context);
  SSL_set_connect_state(peer->wire.ssl);
  SSL_set_app_data(peer->wire.ssl, peer);
  if (peer->session != NULL && SSL_set_session(peer->wire.ssl, peer->session) != 1) wire_fail("session");
  peer->ending = 0;
  peer->begun = peer->sent = peer->received = 0;
  poll_for(peer, EPOLL_CTL_ADD, 0);
  if (want.handshakes) begin(peer, 1, now);
  wire_at = wire_size = 0;
  SSL_do_handshake(peer->wire.ssl);
  send_pending(peer);
}

static void close_one(connection *peer) {
  if (close(peer->wire.fd) != 0) fail("close");
  wire_end(&peer->wire);
}

/* Keeps the newest ticket: each is for one resumption. */
static int on_session(SSL *ssl, SSL_SESSION *session) {
  connection *peer = SSL_get_app_data(ssl);
  SSL_SESSION_free(peer->session);
  peer->session = session;
  return 1;
}

static void finish(connection *peer, uint64_t now) {
  peer->ending = 1;
  if (counting) {
    answered(now - peer->begun_at[0]);
    resumed += (uint64_t)SSL_session_reused(peer->wire.ssl);
  }
  SSL_shutdown(peer->wire.ssl);
}

static void count_messages(connection *peer, size_t size) {
  uint64_t done = peer->received / (uint64_t)want.size;
  peer->received += size;
  uint64_t whole = peer->received / (uint64_t)want.size;
  if (peer->received > peer->sent) give_up("the server sent more than it was sent");
  if (whole == done) return;
  uint64_t now = now_ns();
  if (want.handshakes) return finish(peer, now);
  int count = (int)(whole - done);
  for (; done < whole; done++) answered(now - peer->begun_at[done % (uint64_t)want.in_flight]);
  if (!stopping) begin(peer, count, now);
}

/* Returns 0 when the server has closed. */
static int take(connection *peer) {
  static unsigned char plain[CHUNK];
  size_t got;
  ssize_t size = wire_receive(&peer->wire);
  if (size < 0 && !peer->ending) give_up("the server closed a connection");
  if (size <= 0) return size == 0;
  ERR_clear_error();
  while (SSL_read_ex(peer->wire.ssl, plain, sizeof plain, &got) == 1) {
    check(plain, got, peer->offset, peer->received);
    count_messages(peer, got);
  }
  if (SSL_get_error(peer->wire.ssl, 0) != SSL_ERROR_WANT_READ && !peer->ending) wire_fail("read");
  send_pending(peer);
  return 1;
}

/* Waits once and handles the events. */
static int turn(connection **over) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(poller, events, EVENTS, STALL_MS), closed = 0;
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  if (count == 0) give_up("the server answered nothing for 5 s");
  for (int i = 0; i < count; i++) {
    connection *peer = events[i].data.ptr;
    if (events[i].events & EPOLLOUT) send_pending(peer);
    if ((events[i].events & ~(uint32_t)EPOLLOUT) && !take(peer)) over[closed++] = peer;
  }
  return closed;
}

static void await_handshakes(connection *peers) {
  connection *over[EVENTS];
  for (int i = 0; i < want.connections; i++) {
    open_one(&peers[i], 0);
    while (!SSL_is_init_finished(peers[i].wire.ssl)) turn(over);
  }
}

static uint64_t run_echo(connection *peers) {
  uint64_t start = now_ns(), deadline = start + (uint64_t)(want.seconds * 1e9), begun = 0;
  connection *over[EVENTS];
  for (int i = 0; i < want.connections; i++) {
    begin(&peers[i], want.in_flight, now_ns());
    send_pending(&peers[i]);
  }
  for (;;) {
    turn(over);
    uint64_t now = now_ns();
    if (!stopping && now >= deadline) {
      stopping = 1;
      for (int i = 0; i < want.connections; i++) begun += peers[i].begun;
    }
    if (stopping && requests == begun) return now - start;
  }
}

/* Every connection repeats until the time is up; for 0 seconds, once. */
static uint64_t run_handshakes(connection *peers, double seconds) {
  uint64_t start = now_ns(), deadline = start + (uint64_t)(seconds * 1e9);
  connection *over[EVENTS];
  for (int i = 0; i < want.connections; i++) open_one(&peers[i], now_ns());
  for (int open = want.connections; open > 0;) {
    int closed = turn(over);
    uint64_t now = now_ns();
    for (int i = 0; i < closed; i++) {
      close_one(over[i]);
      if (now < deadline) open_one(over[i], now);
      else open--;
    }
  }
  return now_ns() - start;
}

static void read_options(int argc, char **argv) {
  static const struct option known[] = {
      {"port", required_argument, NULL, 'p'},        {"size", required_argument, NULL, 's'},
      {"connections", required_argument, NULL, 'c'}, {"in-flight", required_argument, NULL, 'f'},
      {"seconds", required_argument, NULL, 't'},     {"cipher", required_argument, NULL, 'e'},
      {"single", no_argument, &want.single, 1},      {"handshakes", no_argument, &want.handshakes, 1},
      {"resume", no_argument, &want.resume, 1},      {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    if (option == 'p') want.port = atoi(optarg);
    else if (option == 's') want.size = atoi(optarg);
    else if (option == 'c') want.connections = atoi(optarg);
    else if (option == 'f') want.in_flight = atoi(optarg);
    else if (option == 't') want.seconds = atof(optarg);
    else if (option == 'e') want.cipher = optarg;
    else if (option != 0) exit(2);
  }
  int numbers = want.port > 0 && want.size > 0 && want.connections > 0 && want.in_flight > 0 && want.seconds > 0;
  if (numbers && want.cipher != NULL) return;
  fprintf(stderr, "usage: tls-load --port=N --size=BYTES --connections=N --in-flight=N --seconds=S --cipher=NAME\n");
  exit(2);
}

static void make_context(void) {
  context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) wire_fail("SSL_CTX_new");
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) wire_fail("TLS 1.3");
  if (SSL_CTX_set_ciphersuites(context, want.cipher) != 1) wire_fail(want.cipher);
  if (!want.resume) return;
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_session);
}

int main(int argc, char **argv) {
  name = "tls-load";
  read_options(argc, argv);
  fill_pattern();
  make_context();
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  connection *peers = calloc((size_t)want.connections, sizeof *peers);
  if (peers == NULL) fail("calloc");
  for (int i = 0; i < want.connections; i++) {
    peers[i].offset = (size_t)i * 7919 % PERIOD;
    peers[i].begun_at = calloc((size_t)want.in_flight, sizeof *peers[i].begun_at);
    if (peers[i].begun_at == NULL) fail("calloc");
  }
  if (!want.handshakes) await_handshakes(peers);
  else if (want.resume) run_handshakes(peers, 0);
  counting = 1;
  if (!may_begin()) return 0;
  uint64_t took = want.handshakes ? run_handshakes(peers, want.seconds) : run_echo(peers);
  print_figures(took, "resumed", resumed);
  await_end();
  return 0;
}
