#include "binding.h"

#include <stdlib.h>

#include "tls.h"

/* Releases the references to TypeScript objects. */
static void forget(napi_env env, binding_t *binding) {
  if (binding->turn != NULL) (void)napi_delete_reference(env, binding->turn);
  if (binding->memory != NULL) (void)napi_delete_reference(env, binding->memory);
  if (binding->context != NULL) (void)napi_async_destroy(env, binding->context);
  binding->turn = binding->memory = NULL;
  binding->context = NULL;
}

static void free_binding(binding_t *binding) {
  free(binding->poller.slots);
  tls_work_free(binding->poller.tls);
  free(binding);
}

/* An environment ends only after the last handle of its pollers has closed, because they live in its event loop. */
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
  forget(instance->env, binding); /* Not earlier: `stop` may have been called in a turn, which uses these references. */
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

bool instance_create(napi_env env) {
  instance_t *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return false;
  instance->env = env;
  if (napi_set_instance_data(env, instance, on_instance_gone, NULL) == napi_ok) {
    return napi_add_async_cleanup_hook(env, on_environment_ends, instance, &instance->hook) == napi_ok;
  }
  free(instance);
  return false;
}

/* --- calls into TypeScript --- */

/* An exception that escapes a turn is an ordinary uncaught exception. */
static void report(napi_env env) {
  napi_value error;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) (void)napi_fatal_exception(env, error);
}

static int32_t on_turn(poller_t *poller, int count) {
  binding_t *binding = (binding_t *)poller;
  napi_env env = binding->instance->env;
  napi_handle_scope scope;
  napi_value global, turn, argument, result;
  napi_status status = napi_generic_failure;
  int32_t pause = 0;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return 0;
  if (napi_get_global(env, &global) == napi_ok && napi_get_reference_value(env, binding->turn, &turn) == napi_ok &&
      napi_create_int32(env, count, &argument) == napi_ok) {
    status = napi_make_callback(env, binding->context, global, turn, 1, &argument, &result);
  }
  if (status == napi_pending_exception) report(env);
  else if (status == napi_ok) (void)napi_get_value_int32(env, result, &pause); /* Otherwise: no delay. */
  (void)napi_close_handle_scope(env, scope);
  return pause;
}

/* --- construction --- */

bool memory_of(napi_env env, napi_value value, memory_t *memory) {
  bool is_view = false;
  void *bytes = NULL;
  napi_typedarray_type type;
  size_t length;
  if (napi_is_typedarray(env, value, &is_view) != napi_ok || !is_view) return false;
  if (napi_get_typedarray_info(env, value, &type, &length, &bytes, NULL, NULL) != napi_ok) return false;
  *memory = (memory_t){bytes, type == napi_int32_array ? length * sizeof(int32_t) : length};
  return type == napi_int32_array || type == napi_uint8_array;
}

/*
 * Accepts only memory that no program can detach, transfer or resize, because the poller keeps pointers into it. There
 * is no way to query that, so this tries to detach the memory: memory that can be detached is lost to its owner, and
 * rejected.
 */
static bool pinned_memory_of(napi_env env, napi_value value, memory_t *memory) {
  napi_value buffer;
  if (!memory_of(env, value, memory)) return false;
  if (napi_get_typedarray_info(env, value, NULL, NULL, NULL, &buffer, NULL) != napi_ok) return false;
  napi_status status = napi_detach_arraybuffer(env, buffer);
  /* The first status is WebAssembly memory, the second a SharedArrayBuffer. */
  return status == napi_detachable_arraybuffer_expected || status == napi_arraybuffer_expected;
}

static bool take_memory(napi_env env, binding_t *binding, napi_value *values) {
  memory_t events, writes;
  poller_t *poller = &binding->poller;
  if (!pinned_memory_of(env, values[0], &poller->input) || poller->input.size < CHUNK ||
      poller->input.size > INT32_MAX || !pinned_memory_of(env, values[1], &poller->stage) ||
      !pinned_memory_of(env, values[2], &events) || !pinned_memory_of(env, values[3], &writes) ||
      events.size < sizeof(event_t) || writes.size < sizeof(write_t)) {
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
  /* Its handles are already open, so it is freed once they have closed. */
  binding->collected = true;
  poller_stop(&binding->poller);
  return true;
}

napi_value binding_construct(napi_env env, napi_callback_info info) {
  size_t given = 5;
  napi_value values[5], self, target = NULL;
  instance_t *instance;
  if (napi_get_cb_info(env, info, &given, values, &self, NULL) != napi_ok) return NULL;
  if (napi_get_new_target(env, info, &target) != napi_ok || target == NULL) given = 0; /* Called without `new`. */
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
  (void)napi_throw_type_error(env, "ERR_NATIVE", "Poller needs memory that cannot be detached, a function, and a living environment");
  return NULL;
}

