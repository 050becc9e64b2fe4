#include "openssl.h"

#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

openssl_t openssl;

static uv_once_t once = UV_ONCE_INIT;
static const char *missing;
static char reason[96];

static bool find(uv_lib_t *process, const char *name, void *function) {
  if (uv_dlsym(process, name, (void **)function) == 0) return true;
  (void)snprintf(reason, sizeof reason, "the process exports no %s", name);
  missing = reason;
  return false;
}

static void look(void) {
  uv_lib_t process;
  /*
   * Without a name, opens the process itself with everything linked to it. Never closed, because its functions stay in
   * use.
   */
  if (uv_dlopen(NULL, &process) != 0) {
    missing = "the process does not let itself be looked into";
    return;
  }
#define F(result, name, arguments) \
  if (!find(&process, #name, (void *)&openssl.name)) return;
  OPENSSL_FUNCTIONS(F)
#undef F
  /* The major version identifies the ABI. BoringSSL reports 1.1. */
  if (openssl.OpenSSL_version_num() >> 28 == 3) return;
  (void)snprintf(reason, sizeof reason, "its OpenSSL is version %lx, not 3", openssl.OpenSSL_version_num());
  missing = reason;
}

const char *openssl_missing(void) {
  uv_once(&once, look);
  return missing;
}

void openssl_forget(void) {
  if (openssl.ERR_peek_error() != 0) openssl.ERR_clear_error();
}
