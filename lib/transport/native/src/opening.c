/* The methods that open descriptors. */
#include "call.h"
#include "datagram.h"
#include "member.h"
#include "methods.h"

static bool inet_argument(napi_env env, napi_value host, napi_value port, address_t *address) {
  char text[128];
  size_t length;
  if (napi_get_value_string_utf8(env, host, text, sizeof text, &length) != napi_ok) return false;
  return address_inet(address, text, integer(env, port));
}

static bool unix_argument(napi_env env, napi_value path, address_t *address) {
  char text[sizeof address->at.un.sun_path + 4];
  size_t length;
  if (napi_get_value_string_utf8(env, path, text, sizeof text, &length) != napi_ok) return false;
  return address_unix(address, text, length);
}

static int bind_listener(binding_t *binding, const address_t *address, const listen_options_t *options, int tag,
                         int limit) {
  int fd = socket_listen(address, options);
  if (fd < 0) return fd;
  int slot = listener_open(&binding->poller, fd, tag, limit, address->at.any.sa_family == AF_UNIX ? FLAG_UNIX : 0);
  if (slot < 0) (void)socket_close(fd, false);
  return slot;
}

/* listen(host, port, tag, limit, backlog, v6only, reuseport): slot or fault */
napi_value method_listen_inet(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 7, &call)) return NULL;
  if (!inet_argument(env, call.values[0], call.values[1], &address)) return answer(env, FAULT(CALL_BIND, -UV_EINVAL));
  listen_options_t options = {.backlog = integer(env, call.values[4]),
                              .v6only = truth(env, call.values[5]),
                              .reuseport = truth(env, call.values[6])};
  return answer(env, bind_listener(call.binding, &address, &options, integer(env, call.values[2]),
                                   integer(env, call.values[3])));
}

/* listenUnix(path, tag, limit, backlog, mode): slot or fault; a negative mode keeps the umask's */
napi_value method_listen_unix(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 5, &call)) return NULL;
  if (!unix_argument(env, call.values[0], &address)) return answer(env, FAULT(CALL_BIND, -UV_ENAMETOOLONG));
  listen_options_t options = {.backlog = integer(env, call.values[3]), .mode = integer(env, call.values[4])};
  return answer(env, bind_listener(call.binding, &address, &options, integer(env, call.values[1]),
                                   integer(env, call.values[2])));
}

/* bind(host, port, v6only, reuseport): slot, for datagrams, or fault */
napi_value method_bind_datagrams(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 4, &call)) return NULL;
  if (!inet_argument(env, call.values[0], call.values[1], &address)) return answer(env, FAULT(CALL_BIND, -UV_EINVAL));
  listen_options_t options = {.v6only = truth(env, call.values[2]), .reuseport = truth(env, call.values[3])};
  int fd = socket_bind(&address, &options);
  if (fd < 0) return answer(env, fd);
  int slot = datagrams_open(&call.binding->poller, fd, &address);
  if (slot < 0) (void)socket_close(fd, false);
  return answer(env, slot);
}

static int dial(binding_t *binding, const address_t *address) {
  int fd = socket_connect(address);
  if (fd < 0) return fd;
  uint16_t family = address->at.any.sa_family == AF_UNIX ? FLAG_UNIX : 0;
  int slot = stream_open(&binding->poller, fd, FLAG_CONNECTING | FLAG_ARMED | FLAG_WANTED | family);
  if (slot < 0) (void)socket_close(fd, false);
  return slot;
}

/* connect(host, port): slot or fault */
napi_value method_connect_inet(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 2, &call)) return NULL;
  if (!inet_argument(env, call.values[0], call.values[1], &address)) {
    return answer(env, FAULT(CALL_CONNECT, -UV_EINVAL));
  }
  return answer(env, dial(call.binding, &address));
}

/* connectUnix(path): slot or fault */
napi_value method_connect_unix(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 1, &call)) return NULL;
  if (!unix_argument(env, call.values[0], &address)) return answer(env, FAULT(CALL_CONNECT, -UV_ENAMETOOLONG));
  return answer(env, dial(call.binding, &address));
}

/*
 * adopt(fd, copy): the slot of a connected stream socket that others opened, or fault. The poller owns the descriptor
 * from then on; with `copy`, or after a fault, the caller keeps it.
 */
napi_value method_adopt(napi_env env, napi_callback_info info) {
  call_t call;
  bool is_unix = false;
  if (!begin(env, info, 2, &call)) return NULL;
  int given = integer(env, call.values[0]);
  bool copy = truth(env, call.values[1]);
  int fault = socket_adopt(given, &is_unix);
  if (fault != 0) return answer(env, fault);
  int fd = copy ? socket_duplicate(given) : given;
  if (fd < 0) return answer(env, fd);
  int slot = stream_open(&call.binding->poller, fd, FLAG_WANTED | (is_unix ? FLAG_UNIX : 0));
  if (slot < 0 && copy) (void)socket_close(fd, false);
  return answer(env, slot);
}

/* listenFd(fd, tag, limit): the slot of a listener that others opened, or fault; the poller owns the descriptor */
napi_value method_listen_fd(napi_env env, napi_callback_info info) {
  call_t call;
  bool is_unix = false;
  if (!begin(env, info, 3, &call)) return NULL;
  int fd = integer(env, call.values[0]);
  int fault = socket_adopt_listener(fd, &is_unix);
  if (fault != 0) return answer(env, fault);
  return answer(env, listener_open(&call.binding->poller, fd, integer(env, call.values[1]), integer(env, call.values[2]),
                                   is_unix ? FLAG_UNIX : 0));
}

/* accept(slot): the slot of one waiting connection, INT32_MAX if it went to another poller, or fault */
napi_value method_accept(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  if (!(endpoint->flags & FLAG_LISTENER)) return answer(env, FAULT(CALL_ACCEPT, -UV_EINVAL));
  return answer(env, listener_accept((listener_t *)endpoint));
}

/* start() */
napi_value method_start(napi_env env, napi_callback_info info) {
  call_t call;
  if (begin(env, info, 0, &call)) listeners_start(&call.binding->poller);
  return NULL;
}

/* found(members, tags, policy): the id of a group for which this poller accepts, or fault */
napi_value method_found(napi_env env, napi_callback_info info) {
  call_t call;
  if (!begin(env, info, 3, &call)) return NULL;
  return answer(env, member_found(&call.binding->poller, integer(env, call.values[0]), integer(env, call.values[1]),
                                  integer(env, call.values[2])));
}

/* join(group, index): 0 or fault; this poller then also receives what the group accepts */
napi_value method_join(napi_env env, napi_callback_info info) {
  call_t call;
  if (!begin(env, info, 2, &call)) return NULL;
  return answer(env, member_join(&call.binding->poller, integer(env, call.values[0]), integer(env, call.values[1])));
}

/* hold(index, held): bypasses a member of the group for which this poller accepts, or no longer does */
napi_value method_hold(napi_env env, napi_callback_info info) {
  call_t call;
  if (begin(env, info, 2, &call)) member_hold(&call.binding->poller, integer(env, call.values[0]), truth(env, call.values[1]));
  return NULL;
}

/* part(): receives nothing more from the group */
napi_value method_part(napi_env env, napi_callback_info info) {
  call_t call;
  if (begin(env, info, 0, &call)) member_part(&call.binding->poller);
  return NULL;
}
