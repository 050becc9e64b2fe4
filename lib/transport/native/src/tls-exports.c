/* Exports that create TLS contexts and session caches; neither belongs to a poller. */
#include "binding.h"
#include "object.h"
#include "tls-methods.h"

static const napi_type_tag context_tag = {0x6a1f0c9d52e84b37, 0x9b0e61d3f7a24c58};
static const napi_type_tag sessions_tag = {0x1d7be2548f903ac6, 0xb52c0f97e46d183a};

tls_context_t *context_of(napi_env env, napi_value value) {
  return object_data(env, value, &context_tag);
}

tls_sessions_t *sessions_of(napi_env env, napi_value value) {
  return object_data(env, value, &sessions_tag);
}

static void on_context_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  tls_context_drop(data);
}

static void on_sessions_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  tls_sessions_drop(data);
}

/* opensslMissing(): why TLS is unavailable; undefined if it is available */
static napi_value openssl_missing_text(napi_env env, napi_callback_info info) {
  (void)info;
  const char *why = openssl_missing();
  napi_value result;
  if (why == NULL) return NULL;
  return napi_create_string_utf8(env, why, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : NULL;
}

/* The SSL_CTX that Node creates while `make` runs. NULL if `make` throws, with its exception pending. */
static SSL_CTX *made_by(napi_env env, napi_value make) {
  napi_value global, result;
  if (napi_get_global(env, &global) != napi_ok || !tls_capture_begin()) return NULL;
  napi_status status = napi_call_function(env, global, make, 0, NULL, &result);
  SSL_CTX *ctx = tls_capture_end();
  openssl_forget();
  if (status == napi_ok || ctx == NULL) return ctx;
  openssl.SSL_CTX_free(ctx);
  return NULL;
}

/*
 * secureContext(make, flags, alpn, ticketKeys): a context; undefined unless `make` created exactly one SSL_CTX and OpenSSL
 * accepted the keys; throws what `make` throws
 */
static napi_value secure_context(napi_env env, napi_callback_info info) {
  size_t given = 4;
  napi_value values[4];
  memory_t alpn = {NULL, 0}, keys = {NULL, 0};
  int32_t flags = 0;
  if (openssl_missing() != NULL || napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given < 4) {
    return NULL;
  }
  SSL_CTX *ctx = made_by(env, values[0]);
  if (ctx == NULL) return NULL;
  (void)napi_get_value_int32(env, values[1], &flags);
  if (!memory_of(env, values[2], &alpn) || alpn.size > MAX_ALPN) alpn.size = 0;
  tls_context_t *context = tls_context_new(ctx, flags, alpn.bytes, alpn.size);
  if (context == NULL) return NULL;
  bool has_keys = memory_of(env, values[3], &keys) && keys.size == TICKET_KEYS;
  if (has_keys && !tls_context_set_ticket_keys(context, keys.bytes)) {
    openssl_forget();
    tls_context_drop(context);
    return NULL;
  }
  return object_wrap(env, context, on_context_collected, &context_tag);
}

/* tlsSessions(): a cache for the sessions of one server, for `secure` */
static napi_value sessions(napi_env env, napi_callback_info info) {
  (void)info;
  tls_sessions_t *made = openssl_missing() == NULL ? tls_sessions_new() : NULL;
  return made == NULL ? NULL : object_wrap(env, made, on_sessions_collected, &sessions_tag);
}

bool define_tls(napi_env env, napi_value exports) {
  static const function_t functions[] = {
      {"opensslMissing", openssl_missing_text}, {"secureContext", secure_context}, {"tlsSessions", sessions}};
  return export_functions(env, exports, functions, sizeof functions / sizeof *functions);
}
