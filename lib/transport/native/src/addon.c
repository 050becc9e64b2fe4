#include "binding.h"
#include "methods.h"
#include "tls-methods.h"

NAPI_MODULE_INIT() {
  if (!instance_create(env) || !define_poller(env, exports)) return NULL;
  return define_tls(env, exports) && define_codec(env, exports) ? exports : NULL;
}
