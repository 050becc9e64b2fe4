/* Arguments and results of the class Poller's methods. */
#ifndef REVIO_CALL_H
#define REVIO_CALL_H

#include "binding.h"

#define MAX_ARGUMENTS 7

typedef struct {
  binding_t *binding;
  napi_value values[MAX_ARGUMENTS];
} call_t;

/* Returns false, with an exception, if there are fewer than `count` arguments or the poller has stopped. */
bool begin(napi_env env, napi_callback_info info, size_t count, call_t *call);
/* -1 if the value is not a number. */
int32_t integer(napi_env env, napi_value value);
bool truth(napi_env env, napi_value value);
napi_value answer(napi_env env, int32_t number);
/* The endpoint that the first argument identifies; NULL, with the result EBADF, if it is gone. */
endpoint_t *endpoint_of(napi_env env, call_t *call, napi_value *result);

#endif
