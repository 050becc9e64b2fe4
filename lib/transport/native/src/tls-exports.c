/* Functions that belong to no poller, such as the one that makes contexts. */
#include "binding.h"
#include "tls-methods.h"

/* The type tags of the objects that `secureContext` and `tlsSessions` make. */
static const napi_type_tag context_tag = {0x6a1f0c9d52e84b37, 0x9b0e61d3f7a24c58};
static const napi_type_tag sessions_tag = {0x1d7be2548f903ac6, 0xb52c0f97e46d183a};

/* Returns the data of an object with that tag; NULL for anything else. */
static void *tagged(napi_env env, napi_value value, const napi_type_tag *tag) {
  bool ours = false;
  void *data = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return NULL;
  if (napi_check_object_type_tag(env, value, tag, &ours) != napi_ok || !ours) return NULL;
  return napi_unwrap(env, value, &data) == napi_ok ? data : NULL;
}

tls_context_t *context_of(napi_env env, napi_value value) {
  return tagged(env, value, &context_tag);
}

tls_sessions_t *sessions_of(napi_env env, napi_value value) {
  return tagged(env, value, &sessions_tag);
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

/* Returns the SSL_CTX that a function makes through Node; NULL, with the function's exception, if it threw. */
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

/* Wraps `data` in a tagged object. If memory is exhausted, releases the data and returns NULL. */
static napi_value wrap(napi_env env, void *data, napi_finalize collected, const napi_type_tag *tag) {
  napi_value object;
  if (napi_create_object(env, &object) == napi_ok &&
      napi_wrap(env, object, data, collected, NULL, NULL) == napi_ok) {
    return napi_type_tag_object(env, object, tag) == napi_ok ? object : NULL;
  }
  collected(env, data, NULL);
  return NULL;
}

/* secureContext(make, flags, alpn, ticketKeys): a context; undefined unless `make` made one SSL_CTX; throws what it throws */
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
  if (memory_of(env, values[3], &keys) && keys.size == TICKET_KEYS) (void)tls_context_set_ticket_keys(context, keys.bytes);
  return wrap(env, context, on_context_collected, &context_tag);
}

/* tlsSessions(): a store for the sessions of one server, for `secure` */
static napi_value sessions(napi_env env, napi_callback_info info) {
  (void)info;
  tls_sessions_t *made = openssl_missing() == NULL ? tls_sessions_new() : NULL;
  return made == NULL ? NULL : wrap(env, made, on_sessions_collected, &sessions_tag);
}

static bool export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

bool define_tls(napi_env env, napi_value exports) {
  return export(env, exports, "opensslMissing", openssl_missing_text) &&
         export(env, exports, "secureContext", secure_context) &&
         export(env, exports, "tlsSessions", sessions);
}
