#include "object.h"

napi_value object_wrap(napi_env env, void *data, napi_finalize finalize, const napi_type_tag *tag) {
  napi_value object;
  if (napi_create_object(env, &object) == napi_ok && napi_wrap(env, object, data, finalize, NULL, NULL) == napi_ok) {
    return napi_type_tag_object(env, object, tag) == napi_ok ? object : NULL;
  }
  finalize(env, data, NULL);
  return NULL;
}

void *object_data(napi_env env, napi_value value, const napi_type_tag *tag) {
  bool tagged = false;
  void *data = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return NULL;
  if (napi_check_object_type_tag(env, value, tag, &tagged) != napi_ok || !tagged) return NULL;
  return napi_unwrap(env, value, &data) == napi_ok ? data : NULL;
}

bool export_functions(napi_env env, napi_value exports, const function_t *functions, size_t count) {
  for (size_t index = 0; index < count; index++) {
    napi_value function;
    const char *name = functions[index].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[index].callback, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}
