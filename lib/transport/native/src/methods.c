/*
 * The class Poller, whose methods take and return plain integers. TypeScript knows their meaning, and validates what
 * users pass; this file validates only what memory safety depends on.
 */
#include "methods.h"

#include <string.h>

#include "call.h"
#include "datagram.h"
#include "tls-methods.h"
#include "tls.h"

/* The most buffers that one flush can use without a copy. */
#define MAX_LENT 1024

/* --- streams --- */

/* read(slot, wanted): 0 or fault */
static napi_value read_stream(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 2, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  endpoint_read(endpoint, truth(env, call.values[1]));
  return answer(env, 0);
}

/* end(slot): 0 or fault */
static napi_value end_stream(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  if (endpoint->flags & FLAG_TLS) return answer(env, tls_end(endpoint));
  int fault = socket_end(endpoint->fd);
  if (fault == 0) endpoint->flags |= FLAG_FINISHED;
  return answer(env, fault);
}

/* unacknowledged(slot): bytes, or fault */
static napi_value unacknowledged(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  int bytes = socket_unacknowledged(endpoint->fd);
  return answer(env, bytes >= 0 && (endpoint->flags & FLAG_TLS) ? bytes + (int)tls_waiting(endpoint) : bytes);
}

/* close(slot, reset): 0 or fault; for listeners as well */
static napi_value close_endpoint(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 2, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  return answer(env, socket_close(endpoint_release(endpoint), truth(env, call.values[1])));
}

/* release(slot): the descriptor, which the caller then owns, or fault */
static napi_value release_endpoint(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  return endpoint == NULL ? result : answer(env, endpoint_release(endpoint));
}

/* tune(slot, noDelay, keepAlive): 0 or fault; negative values change nothing */
static napi_value tune_stream(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  int fault = 0;
  if (!begin(env, info, 3, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  int no_delay = integer(env, call.values[1]);
  int seconds = integer(env, call.values[2]);
  if (endpoint->flags & FLAG_UNIX) return answer(env, 0);
  if (no_delay >= 0) fault = socket_no_delay(endpoint->fd, no_delay > 0);
  if (fault == 0 && seconds >= 0) fault = socket_keep_alive(endpoint->fd, seconds);
  return answer(env, fault);
}

static bool put_name(napi_env env, napi_value list, uint32_t at, const address_t *address) {
  char host[ADDRESS_TEXT] = "";
  const char *text = host;
  size_t length = 0;
  int port = -1;
  napi_value value;
  if (address->at.any.sa_family == AF_UNIX) {
    size_t head = offsetof(struct sockaddr_un, sun_path);
    text = address->at.un.sun_path;
    /* Unnamed; a path that ends with a zero byte; or an abstract name, which starts with one. */
    if (address->size > head) length = text[0] == '\0' ? address->size - head : strnlen(text, address->size - head);
  } else if (address->at.any.sa_family == AF_INET || address->at.any.sa_family == AF_INET6) {
    address_text(address, host);
    length = strlen(host);
    port = ntohs(address->at.any.sa_family == AF_INET ? address->at.in4.sin_port : address->at.in6.sin6_port);
  }
  return napi_create_string_utf8(env, text, length, &value) == napi_ok &&
         napi_set_element(env, list, at, value) == napi_ok && napi_create_int32(env, port, &value) == napi_ok &&
         napi_set_element(env, list, at + 1, value) == napi_ok;
}

/* names(slot): [local host or path, port or -1, remote host or path, port or -1], or fault */
static napi_value names(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value list;
  address_t local, remote;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &list);
  if (endpoint == NULL) return list;
  int fault = socket_name(endpoint->fd, false, &local);
  if (fault != 0) return answer(env, fault);
  /* A listener has no peer, and the name of a peer that has left is unknown: neither is an error. */
  if (socket_name(endpoint->fd, true, &remote) != 0) remote = (address_t){.size = 0};
  if (napi_create_array_with_length(env, 4, &list) != napi_ok) return NULL;
  return put_name(env, list, 0, &local) && put_name(env, list, 2, &remote) ? list : NULL;
}

/* hostOf(peer, local): the host of a peer_t, or its local address, with the interface if it is link-local */
static napi_value host_of(napi_env env, napi_callback_info info) {
  call_t call;
  memory_t bytes;
  peer_t peer;
  address_t address;
  char host[ADDRESS_TEXT] = "";
  napi_value result;
  if (!begin(env, info, 2, &call)) return NULL;
  if (!memory_of(env, call.values[0], &bytes) || bytes.size < sizeof peer) {
    return answer(env, FAULT(CALL_GETPEERNAME, -UV_EINVAL));
  }
  memcpy(&peer, bytes.bytes, sizeof peer);
  bool known = truth(env, call.values[1]) ? peer_local(&peer, &address)
                                          : peer_address(&peer, peer.family == 4 ? AF_INET : AF_INET6, &address);
  if (known) address_text(&address, host);
  return napi_create_string_utf8(env, host, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : NULL;
}

/* --- output --- */

/*
 * Collects the buffers that a flush uses without a copy, and returns their number. A getter in the array can run any
 * code, so this reads all elements before it takes the first pointer.
 */
static uint32_t borrow(napi_env env, napi_value list, memory_t *lent) {
  napi_value buffers[MAX_LENT];
  uint32_t count = 0;
  bool is_array = false;
  if (napi_is_array(env, list, &is_array) != napi_ok || !is_array) return 0;
  if (napi_get_array_length(env, list, &count) != napi_ok) return 0;
  if (count > MAX_LENT) count = MAX_LENT;
  for (uint32_t index = 0; index < count; index++) {
    if (napi_get_element(env, list, index, &buffers[index]) != napi_ok) buffers[index] = NULL;
  }
  for (uint32_t index = 0; index < count; index++) {
    if (buffers[index] == NULL || !memory_of(env, buffers[index], &lent[index])) lent[index] = (memory_t){NULL, 0};
  }
  return count;
}

/* flush(count, lent): how many of the lent buffers it could use */
static napi_value flush(napi_env env, napi_callback_info info) {
  call_t call;
  memory_t lent[MAX_LENT];
  if (!begin(env, info, 2, &call)) return NULL;
  poller_t *poller = &call.binding->poller;
  int count = integer(env, call.values[0]);
  if (count < 0 || count > poller->write_capacity) return answer(env, FAULT(CALL_SEND, -UV_EINVAL));
  uint32_t lent_count = borrow(env, call.values[1], lent);
  if (poller->stopped) return answer(env, FAULT(CALL_SEND, -UV_EBADF)); /* A getter stopped it. */
  poller_flush(poller, count, lent, lent_count);
  return answer(env, (int32_t)lent_count);
}

/* stop(): closes everything; afterwards every method throws */
static napi_value stop(napi_env env, napi_callback_info info) {
  call_t call;
  if (!begin(env, info, 0, &call)) return NULL;
  poller_stop(&call.binding->poller);
  return NULL;
}

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL}

bool define_poller(napi_env env, napi_value exports) {
  napi_property_descriptor methods[] = {
      METHOD("listen", method_listen_inet),
      METHOD("listenUnix", method_listen_unix),
      METHOD("bind", method_bind_datagrams),
      METHOD("connect", method_connect_inet),
      METHOD("connectUnix", method_connect_unix),
      METHOD("adopt", method_adopt),
      METHOD("start", method_start),
      METHOD("read", read_stream),
      METHOD("end", end_stream),
      METHOD("unacknowledged", unacknowledged),
      METHOD("close", close_endpoint),
      METHOD("release", release_endpoint),
      METHOD("tune", tune_stream),
      METHOD("names", names),
      METHOD("hostOf", host_of),
      METHOD("listenFd", method_listen_fd),
      METHOD("accept", method_accept),
      METHOD("found", method_found),
      METHOD("join", method_join),
      METHOD("hold", method_hold),
      METHOD("part", method_part),
      METHOD("flush", flush),
      METHOD("stop", stop),
      METHOD("limitHandshakes", method_limit_handshakes),
      METHOD("secure", method_secure),
      METHOD("feed", method_feed),
      METHOD("choose", method_choose),
      METHOD("ending", method_ending),
      METHOD("takeTls", method_take_tls),
      METHOD("tlsInfo", method_tls_info),
      METHOD("tlsError", method_tls_error),
  };
  size_t count = sizeof methods / sizeof *methods;
  napi_value type;
  return napi_define_class(env, "Poller", NAPI_AUTO_LENGTH, binding_construct, NULL, count, methods, &type) == napi_ok &&
         napi_set_named_property(env, exports, "Poller", type) == napi_ok;
}
