/* JavaScript objects that own C data, and functions exported by name. */
#ifndef REVIO_OBJECT_H
#define REVIO_OBJECT_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>

/* An object that owns `data` until it is collected. NULL, with `data` finalized, if memory is exhausted. */
napi_value object_wrap(napi_env env, void *data, napi_finalize finalize, const napi_type_tag *tag);
/* The data of an object wrapped with this tag; NULL for any other value. */
void *object_data(napi_env env, napi_value value, const napi_type_tag *tag);

typedef struct {
  const char *name;
  napi_callback callback;
} function_t;

bool export_functions(napi_env env, napi_value exports, const function_t *functions, size_t count);

#endif
