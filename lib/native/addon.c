/*
 * What TypeScript sees: a class Poller whose methods take and give back plain integers. What they mean, and every
 * check of what a user passed, is in TypeScript; here is checked what memory safety rests on.
 */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

#include "poller.h"

#define MAX_ARGUMENTS 7
/* Buffers that one flush can take by reference. */
#define MAX_LENT 1024

/* What the threads of a process do not share: one for each environment that loads the addon. */
typedef struct {
  napi_env env;
  struct binding *bindings;
  napi_async_cleanup_hook_handle hook;
  bool ending;
} instance_t;

/* A poller and the objects of TypeScript it works with. */
typedef struct binding {
  poller_t poller; /* First: the poller's callbacks get its address. */
  instance_t *instance;
  struct binding *next;
  napi_async_context context;
  napi_ref turn;
  napi_ref memory; /* Keeps what the pointers point to. */
  bool collected;
} binding_t;

/* --- life and death --- */

/* Lets go of the objects of TypeScript. */
static void forget(napi_env env, binding_t *binding) {
  if (binding->turn != NULL) (void)napi_delete_reference(env, binding->turn);
  if (binding->memory != NULL) (void)napi_delete_reference(env, binding->memory);
  if (binding->context != NULL) (void)napi_async_destroy(env, binding->context);
  binding->turn = binding->memory = NULL;
  binding->context = NULL;
}

static void free_binding(binding_t *binding) {
  free(binding->poller.slots);
  free(binding);
}

/* An environment ends when the last handle of its pollers is closed, not before: they live in its event loop. */
static void end_instance(instance_t *instance) {
  if (!instance->ending || instance->bindings != NULL || instance->hook == NULL) return;
  napi_async_cleanup_hook_handle hook = instance->hook;
  instance->hook = NULL;
  (void)napi_remove_async_cleanup_hook(hook);
}

static void on_released(poller_t *poller) {
  binding_t *binding = (binding_t *)poller;
  instance_t *instance = binding->instance;
  binding_t **link = &instance->bindings;
  while (*link != binding) link = &(*link)->next;
  *link = binding->next;
  forget(instance->env, binding); /* Not before: `stop` may have been called in a turn, which uses them. */
  binding->instance = NULL;
  if (binding->collected) free_binding(binding);
  end_instance(instance);
}

static void on_collected(napi_env env, void *data, void *hint) {
  binding_t *binding = data;
  (void)env;
  (void)hint;
  binding->collected = true;
  if (binding->instance == NULL) free_binding(binding);
}

static void on_environment_ends(napi_async_cleanup_hook_handle hook, void *data) {
  instance_t *instance = data;
  (void)hook;
  instance->ending = true;
  for (binding_t *binding = instance->bindings; binding != NULL; binding = binding->next) poller_stop(&binding->poller);
  end_instance(instance);
}

static void on_instance_gone(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

/* --- the crossing into TypeScript --- */

/* What escapes a turn is an uncaught exception like any other. */
static void report(napi_env env) {
  napi_value error;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) (void)napi_fatal_exception(env, error);
}

static void on_turn(poller_t *poller, int count) {
  binding_t *binding = (binding_t *)poller;
  napi_env env = binding->instance->env;
  napi_handle_scope scope;
  napi_value global, turn, argument, result;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_global(env, &global) == napi_ok && napi_get_reference_value(env, binding->turn, &turn) == napi_ok &&
      napi_create_int32(env, count, &argument) == napi_ok &&
      napi_make_callback(env, binding->context, global, turn, 1, &argument, &result) == napi_pending_exception) {
    report(env);
  }
  (void)napi_close_handle_scope(env, scope);
}

/* --- arguments and results --- */

typedef struct {
  binding_t *binding;
  napi_value values[MAX_ARGUMENTS];
} call_t;

static bool begin(napi_env env, napi_callback_info info, size_t count, call_t *call) {
  size_t given = MAX_ARGUMENTS;
  napi_value self;
  if (napi_get_cb_info(env, info, &given, call->values, &self, NULL) == napi_ok && given >= count &&
      napi_unwrap(env, self, (void **)&call->binding) == napi_ok && !call->binding->poller.stopped) {
    return true;
  }
  (void)napi_throw_type_error(env, "ERR_NATIVE", "a method of Poller was called with too little, or after stop");
  return false;
}

static int32_t integer(napi_env env, napi_value value) {
  int32_t number = -1;
  (void)napi_get_value_int32(env, value, &number);
  return number;
}

static bool truth(napi_env env, napi_value value) {
  bool result = false;
  (void)napi_get_value_bool(env, value, &result);
  return result;
}

static napi_value answer(napi_env env, int32_t number) {
  napi_value result;
  return napi_create_int32(env, number, &result) == napi_ok ? result : NULL;
}

static bool memory_of(napi_env env, napi_value value, memory_t *memory) {
  bool is_view = false;
  void *bytes = NULL;
  napi_typedarray_type type;
  size_t length;
  if (napi_is_typedarray(env, value, &is_view) != napi_ok || !is_view) return false;
  if (napi_get_typedarray_info(env, value, &type, &length, &bytes, NULL, NULL) != napi_ok) return false;
  *memory = (memory_t){bytes, type == napi_int32_array ? length * sizeof(int32_t) : length};
  return type == napi_int32_array || type == napi_uint8_array;
}

/* The endpoint that the first argument names; an answer of EBADF when it is gone. */
static endpoint_t *endpoint_of(napi_env env, call_t *call, napi_value *result) {
  endpoint_t *endpoint = endpoint_at(&call->binding->poller, integer(env, call->values[0]));
  if (endpoint == NULL) *result = answer(env, FAULT(CALL_POLL, UV_EBADF * -1));
  return endpoint;
}

/* --- methods: listening and connecting --- */

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
static napi_value listen_inet(napi_env env, napi_callback_info info) {
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

/* listenUnix(path, tag, limit, backlog): slot or fault */
static napi_value listen_unix(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 4, &call)) return NULL;
  if (!unix_argument(env, call.values[0], &address)) return answer(env, FAULT(CALL_BIND, -UV_ENAMETOOLONG));
  listen_options_t options = {.backlog = integer(env, call.values[3])};
  return answer(env, bind_listener(call.binding, &address, &options, integer(env, call.values[1]),
                                   integer(env, call.values[2])));
}

static int dial(binding_t *binding, const address_t *address) {
  int fd = socket_connect(address);
  if (fd < 0) return fd;
  endpoint_t *endpoint = malloc(sizeof *endpoint);
  uint8_t family = address->at.any.sa_family == AF_UNIX ? FLAG_UNIX : 0;
  int slot = endpoint == NULL ? FAULT(CALL_MALLOC, -UV_ENOMEM)
                              : endpoint_open(&binding->poller, endpoint, fd,
                                              FLAG_CONNECTING | FLAG_ARMED | FLAG_WANTED | family);
  if (slot < 0) {
    free(endpoint);
    (void)socket_close(fd, false);
    return slot;
  }
  endpoint_watch(endpoint);
  return slot;
}

/* connect(host, port): slot or fault */
static napi_value connect_inet(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 2, &call)) return NULL;
  if (!inet_argument(env, call.values[0], call.values[1], &address)) {
    return answer(env, FAULT(CALL_CONNECT, -UV_EINVAL));
  }
  return answer(env, dial(call.binding, &address));
}

/* connectUnix(path): slot or fault */
static napi_value connect_unix(napi_env env, napi_callback_info info) {
  call_t call;
  address_t address;
  if (!begin(env, info, 1, &call)) return NULL;
  if (!unix_argument(env, call.values[0], &address)) return answer(env, FAULT(CALL_CONNECT, -UV_ENAMETOOLONG));
  return answer(env, dial(call.binding, &address));
}

/* start() */
static napi_value start(napi_env env, napi_callback_info info) {
  call_t call;
  if (begin(env, info, 0, &call)) listeners_start(&call.binding->poller);
  return NULL;
}

/* --- methods: streams --- */

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
  return endpoint == NULL ? result : answer(env, socket_end(endpoint->fd));
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

/* release(slot): the descriptor, the caller's from now on, or fault */
static napi_value release_endpoint(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  return endpoint == NULL ? result : answer(env, endpoint_release(endpoint));
}

/* tune(slot, noDelay, keepAlive): 0 or fault; below 0 means: leave as it is */
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
  char host[INET6_ADDRSTRLEN] = "";
  const char *text = host;
  size_t length = 0;
  int port = -1;
  napi_value value;
  if (address->at.any.sa_family == AF_UNIX) {
    size_t head = offsetof(struct sockaddr_un, sun_path);
    text = address->at.un.sun_path;
    /* Nameless, a path that ends with a zero byte, or a name that starts with one. */
    if (address->size > head) length = text[0] == '\0' ? address->size - head : strnlen(text, address->size - head);
  } else if (address->at.any.sa_family == AF_INET || address->at.any.sa_family == AF_INET6) {
    /* The one way to fail is too small a buffer. */
    (void)uv_ip_name(&address->at.any, host, sizeof host);
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
  /* A listener has no peer, and a peer that has gone already has no name any more: neither is an error. */
  if (socket_name(endpoint->fd, true, &remote) != 0) remote = (address_t){.size = 0};
  if (napi_create_array_with_length(env, 4, &list) != napi_ok) return NULL;
  return put_name(env, list, 0, &local) && put_name(env, list, 2, &remote) ? list : NULL;
}

/* --- methods: writing, and the end --- */

/* flush(count, lent): how many of the lent buffers it could take */
static napi_value flush(napi_env env, napi_callback_info info) {
  call_t call;
  memory_t lent[MAX_LENT];
  uint32_t lent_count = 0;
  napi_value buffer;
  if (!begin(env, info, 2, &call)) return NULL;
  poller_t *poller = &call.binding->poller;
  int count = integer(env, call.values[0]);
  if (count < 0 || count > poller->write_capacity) return answer(env, FAULT(CALL_SEND, -UV_EINVAL));
  bool is_array = false;
  if (napi_is_array(env, call.values[1], &is_array) == napi_ok && is_array) {
    (void)napi_get_array_length(env, call.values[1], &lent_count);
  }
  if (lent_count > MAX_LENT) lent_count = MAX_LENT;
  for (uint32_t index = 0; index < lent_count; index++) {
    if (napi_get_element(env, call.values[1], index, &buffer) != napi_ok || !memory_of(env, buffer, &lent[index])) {
      lent[index] = (memory_t){NULL, 0};
    }
  }
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

/* --- construction --- */

static bool take_memory(napi_env env, binding_t *binding, napi_value *values) {
  memory_t events, writes;
  poller_t *poller = &binding->poller;
  if (!memory_of(env, values[0], &poller->input) || poller->input.size < CHUNK || poller->input.size > INT32_MAX ||
      !memory_of(env, values[1], &poller->stage) || !memory_of(env, values[2], &events) ||
      !memory_of(env, values[3], &writes) || events.size < sizeof(event_t) || writes.size < sizeof(write_t)) {
    return false;
  }
  poller->events = (event_t *)events.bytes;
  poller->event_capacity = (int)(events.size / sizeof(event_t));
  poller->writes = (write_t *)writes.bytes;
  poller->write_capacity = (int)(writes.size / sizeof(write_t));
  return true;
}

static bool keep(napi_env env, binding_t *binding, napi_value *values) {
  napi_value memory, name;
  if (napi_create_array_with_length(env, 4, &memory) != napi_ok) return false;
  for (uint32_t index = 0; index < 4; index++) {
    if (napi_set_element(env, memory, index, values[index]) != napi_ok) return false;
  }
  return napi_create_string_utf8(env, "revio", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_async_init(env, NULL, name, &binding->context) == napi_ok &&
         napi_create_reference(env, memory, 1, &binding->memory) == napi_ok &&
         napi_create_reference(env, values[4], 1, &binding->turn) == napi_ok;
}

static bool launch(napi_env env, instance_t *instance, binding_t *binding, napi_value self) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || poller_start(&binding->poller, loop) != 0) return false;
  binding->instance = instance;
  binding->next = instance->bindings;
  instance->bindings = binding;
  if (napi_wrap(env, self, binding, on_collected, NULL, NULL) == napi_ok) return true;
  /* Its handles are open already: it goes when they have closed. */
  binding->collected = true;
  poller_stop(&binding->poller);
  return true;
}

/* new Poller(input, stage, events, writes, turn) */
static napi_value construct(napi_env env, napi_callback_info info) {
  size_t given = 5;
  napi_value values[5], self;
  instance_t *instance;
  if (napi_get_cb_info(env, info, &given, values, &self, NULL) != napi_ok) return NULL;
  if (napi_get_instance_data(env, (void **)&instance) != napi_ok) return NULL;
  binding_t *binding = calloc(1, sizeof *binding);
  if (binding != NULL && given == 5 && !instance->ending) {
    binding->poller.turn = on_turn;
    binding->poller.released = on_released;
    if (take_memory(env, binding, values) && keep(env, binding, values) && launch(env, instance, binding, self)) {
      return self;
    }
    forget(env, binding);
  }
  free(binding);
  (void)napi_throw_type_error(env, "ERR_NATIVE", "Poller needs its memory, a function, and a living environment");
  return NULL;
}

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL}

static bool define(napi_env env, napi_value exports) {
  napi_property_descriptor methods[] = {
      METHOD("listen", listen_inet),   METHOD("listenUnix", listen_unix),   METHOD("connect", connect_inet),
      METHOD("connectUnix", connect_unix), METHOD("start", start),          METHOD("read", read_stream),
      METHOD("end", end_stream),       METHOD("close", close_endpoint),     METHOD("release", release_endpoint),
      METHOD("tune", tune_stream),     METHOD("names", names),              METHOD("flush", flush),
      METHOD("stop", stop)};
  napi_value class;
  return napi_define_class(env, "Poller", NAPI_AUTO_LENGTH, construct, NULL, sizeof methods / sizeof *methods, methods,
                           &class) == napi_ok &&
         napi_set_named_property(env, exports, "Poller", class) == napi_ok;
}

NAPI_MODULE_INIT() {
  instance_t *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return NULL;
  instance->env = env;
  if (napi_set_instance_data(env, instance, on_instance_gone, NULL) != napi_ok) {
    free(instance);
    return NULL;
  }
  if (napi_add_async_cleanup_hook(env, on_environment_ends, instance, &instance->hook) != napi_ok) return NULL;
  return define(env, exports) ? exports : NULL;
}
