#include "binding.h"
#include "methods.h"

NAPI_MODULE_INIT() {
  return instance_create(env) && define_poller(env, exports) ? exports : NULL;
}
