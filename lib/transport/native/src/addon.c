#include "binding.h"
#include "methods.h"
#include "tls-methods.h"

NAPI_MODULE_INIT() {
  return instance_create(env) && define_poller(env, exports) && define_tls(env, exports) ? exports : NULL;
}
