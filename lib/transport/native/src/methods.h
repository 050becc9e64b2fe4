/* The methods of the class Poller. */
#ifndef REVIO_METHODS_H
#define REVIO_METHODS_H

#include <node_api.h>

bool define_poller(napi_env env, napi_value exports);

#endif
