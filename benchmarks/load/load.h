/* Shared by the load generators: each connection's stream of bytes, and the figures of the responses. */
#ifndef LOAD_H
#define LOAD_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { CHUNK = 262144, PERIOD = 65521, PARTS = 64 };

/* The byte at n of a stream is pattern[(offset + n) % PERIOD]: a prime, so that no message size is a multiple of it. */
static unsigned char pattern[PERIOD + CHUNK];
static uint64_t histogram[64 * PARTS];
static uint64_t requests, timed, longest, mismatches;
static const char *name; /* The program's, for error messages. */

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "%s: %s%s%s\n", name, what, errno ? ": " : "", errno ? strerror(errno) : "");
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
static size_t bucket_of(uint64_t value) {
  if (value < PARTS) return (size_t)value;
  unsigned power = 63u - (unsigned)__builtin_clzll(value);
  return (power - 5) * PARTS + (size_t)((value >> (power - 6)) - PARTS);
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
    pattern[i] = (unsigned char)state;
  }
  for (size_t i = PERIOD; i < sizeof pattern; i++) pattern[i] = pattern[i - PERIOD];
}

static const unsigned char *stream_at(size_t offset, uint64_t position) {
  return pattern + (offset + position) % PERIOD;
}

static void compare(const unsigned char *bytes, const unsigned char *expected, size_t size) {
  if (memcmp(bytes, expected, size) == 0) return;
  for (size_t i = 0; i < size; i++) mismatches += bytes[i] != expected[i];
}

/* Compares received bytes, at most CHUNK, with the stream at `position`. */
static inline void check(const unsigned char *bytes, size_t size, size_t offset, uint64_t position) {
  compare(bytes, stream_at(offset, position), size);
}

/* Connects to that port of this machine; blocks. */
static inline int connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt");
  return fd;
}

static inline void stop_blocking(int fd) {
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
}

/* Reports that it is ready, and waits for a line. Returns 0 if the input ends instead. */
static int may_begin(void) {
  if (puts("ready") == EOF || fflush(stdout) != 0) fail("stdout");
  return getchar() != EOF;
}

static void await_end(void) {
  while (getchar() != EOF) {
  }
}

/* Counts a duration in ns. */
static void count_time(uint64_t took) {
  histogram[bucket_of(took)]++;
  if (took > longest) longest = took;
  timed++;
}

/* A message has returned completely; `took` is its duration in ns. */
static inline void answered(uint64_t took) {
  count_time(took);
  requests++;
}

/* Prints a line of JSON; `more` names another number in it, or is NULL. */
static void print_figures(uint64_t took, const char *more, uint64_t number) {
  printf("{\"requests\":%llu,\"seconds\":%.6f,\"p50\":%.9f,\"p99\":%.9f,\"max\":%.9f,\"mismatches\":%llu",
         (unsigned long long)requests, (double)took / 1e9, percentile(0.5), percentile(0.99), (double)longest / 1e9,
         (unsigned long long)mismatches);
  if (more != NULL) printf(",\"%s\":%llu", more, (unsigned long long)number);
  puts("}");
  if (fflush(stdout) != 0) fail("stdout");
}

#endif
