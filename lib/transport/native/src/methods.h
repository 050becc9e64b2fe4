/* The methods of the class Poller. */
#ifndef REVIO_METHODS_H
#define REVIO_METHODS_H

#include <node_api.h>
#include <stdbool.h>

bool define_poller(napi_env env, napi_value exports);

/* Those that open descriptors. */
napi_value method_listen_inet(napi_env env, napi_callback_info info);
napi_value method_listen_unix(napi_env env, napi_callback_info info);
napi_value method_bind_datagrams(napi_env env, napi_callback_info info);
napi_value method_connect_inet(napi_env env, napi_callback_info info);
napi_value method_connect_unix(napi_env env, napi_callback_info info);
napi_value method_adopt(napi_env env, napi_callback_info info);
napi_value method_start(napi_env env, napi_callback_info info);
napi_value method_listen_fd(napi_env env, napi_callback_info info);
napi_value method_accept(napi_env env, napi_callback_info info);

/* Methods of groups. */
napi_value method_found(napi_env env, napi_callback_info info);
napi_value method_join(napi_env env, napi_callback_info info);
napi_value method_hold(napi_env env, napi_callback_info info);
napi_value method_part(napi_env env, napi_callback_info info);

#endif
