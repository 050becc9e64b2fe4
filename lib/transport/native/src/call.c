#include "call.h"

bool begin(napi_env env, napi_callback_info info, size_t count, call_t *call) {
  size_t given = MAX_ARGUMENTS;
  napi_value self;
  if (napi_get_cb_info(env, info, &given, call->values, &self, NULL) == napi_ok && given >= count &&
      napi_unwrap(env, self, (void **)&call->binding) == napi_ok && !call->binding->poller.stopped) {
    return true;
  }
  (void)napi_throw_type_error(env, "ERR_NATIVE", "a method of Poller was called with too little, or after stop");
  return false;
}

int32_t integer(napi_env env, napi_value value) {
  int32_t number = -1;
  (void)napi_get_value_int32(env, value, &number);
  return number;
}

bool truth(napi_env env, napi_value value) {
  bool result = false;
  (void)napi_get_value_bool(env, value, &result);
  return result;
}

napi_value answer(napi_env env, int32_t number) {
  napi_value result;
  return napi_create_int32(env, number, &result) == napi_ok ? result : NULL;
}

endpoint_t *endpoint_of(napi_env env, call_t *call, napi_value *result) {
  endpoint_t *endpoint = endpoint_at(&call->binding->poller, integer(env, call->values[0]));
  if (endpoint == NULL) *result = answer(env, FAULT(CALL_POLL, -UV_EBADF));
  return endpoint;
}
