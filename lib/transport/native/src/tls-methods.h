/* The addon's TLS interface: functions, and methods of the class Poller. */
#ifndef REVIO_TLS_METHODS_H
#define REVIO_TLS_METHODS_H

#include <node_api.h>
#include <stdbool.h>

#include "tls-context.h"
#include "tls-session.h"

bool define_tls(napi_env env, napi_value exports);
bool define_codec(napi_env env, napi_value exports);
/* The context of an object that `secureContext` made; NULL for anything else. */
tls_context_t *context_of(napi_env env, napi_value value);
/* The store of an object that `tlsSessions` made; NULL for anything else. */
tls_sessions_t *sessions_of(napi_env env, napi_value value);

napi_value method_limit_handshakes(napi_env env, napi_callback_info info);
napi_value method_secure(napi_env env, napi_callback_info info);
napi_value method_feed(napi_env env, napi_callback_info info);
napi_value method_choose(napi_env env, napi_callback_info info);
napi_value method_ending(napi_env env, napi_callback_info info);
napi_value method_tls_info(napi_env env, napi_callback_info info);
napi_value method_take_tls(napi_env env, napi_callback_info info);
napi_value method_tls_error(napi_env env, napi_callback_info info);

#endif
