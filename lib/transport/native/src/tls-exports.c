/* Contexts, which belong to no poller. */
#include "binding.h"
#include "tls-methods.h"

/* By which an object is known that `secureContext` has made. */
static const napi_type_tag tag = {0x6a1f0c9d52e84b37, 0x9b0e61d3f7a24c58};

tls_context_t *context_of(napi_env env, napi_value value) {
  bool ours = false;
  void *context = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return NULL;
  if (napi_check_object_type_tag(env, value, &tag, &ours) != napi_ok || !ours) return NULL;
  return napi_unwrap(env, value, &context) == napi_ok ? context : NULL;
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  tls_context_drop(data);
}

/* opensslMissing(): why there is no TLS here; undefined when there is */
static napi_value openssl_missing_text(napi_env env, napi_callback_info info) {
  (void)info;
  const char *why = openssl_missing();
  napi_value result;
  if (why == NULL) return NULL;
  return napi_create_string_utf8(env, why, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : NULL;
}

/* The SSL_CTX that a function makes by Node's means; NULL, where it threw with its exception. */
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

static napi_value wrap(napi_env env, tls_context_t *context) {
  napi_value object;
  if (napi_create_object(env, &object) == napi_ok &&
      napi_wrap(env, object, context, on_collected, NULL, NULL) == napi_ok) {
    return napi_type_tag_object(env, object, &tag) == napi_ok ? object : NULL;
  }
  tls_context_drop(context);
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
  return wrap(env, context);
}

/* setTicketKeys(context, keys): tickets that were given out before are of no use any more */
static napi_value set_ticket_keys(napi_env env, napi_callback_info info) {
  size_t given = 2;
  napi_value values[2], result;
  memory_t keys;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given < 2) return NULL;
  tls_context_t *context = context_of(env, values[0]);
  bool set = context != NULL && memory_of(env, values[1], &keys) && keys.size == TICKET_KEYS &&
             tls_context_set_ticket_keys(context, keys.bytes);
  return napi_get_boolean(env, set, &result) == napi_ok ? result : NULL;
}

static bool export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

bool define_tls(napi_env env, napi_value exports) {
  return export(env, exports, "opensslMissing", openssl_missing_text) &&
         export(env, exports, "secureContext", secure_context) &&
         export(env, exports, "setTicketKeys", set_ticket_keys);
}
