/* The methods of the class Poller for TLS. */
#include "tls-methods.h"

#include "call.h"
#include "tls.h"

#define MAX_SERVERNAME 256

/* Returns the encrypted endpoint that the first argument identifies; NULL, with a result, if it is gone or plain. */
static endpoint_t *secured_of(napi_env env, call_t *call, napi_value *result) {
  endpoint_t *endpoint = endpoint_of(env, call, result);
  if (endpoint == NULL || (endpoint->flags & FLAG_TLS)) return endpoint;
  *result = answer(env, FAULT(CALL_TLS, -UV_EINVAL));
  return NULL;
}

/* limitHandshakes(slot, most): makes the listener's connections start with a handshake */
napi_value method_limit_handshakes(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 2, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  if (!(endpoint->flags & FLAG_LISTENER)) return answer(env, FAULT(CALL_TLS, -UV_EINVAL));
  listener_secure((listener_t *)endpoint, integer(env, call.values[1]));
  return answer(env, 0);
}

/* secure(slot, context, servername, sessions): 0 or fault */
napi_value method_secure(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  char name[MAX_SERVERNAME];
  size_t length;
  if (!begin(env, info, 4, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  if (endpoint == NULL) return result;
  tls_context_t *context = context_of(env, call.values[1]);
  if (context == NULL) return answer(env, FAULT(CALL_TLS, -UV_EINVAL));
  bool named = napi_get_value_string_utf8(env, call.values[2], name, sizeof name, &length) == napi_ok && length > 0;
  return answer(env, tls_begin(endpoint, context, named ? name : NULL, sessions_of(env, call.values[3])));
}

/* feed(slot, bytes): 0 or fault */
napi_value method_feed(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  memory_t bytes;
  if (!begin(env, info, 2, &call)) return NULL;
  endpoint_t *endpoint = secured_of(env, &call, &result);
  if (endpoint == NULL) return result;
  if (!memory_of(env, call.values[1], &bytes)) return answer(env, FAULT(CALL_TLS, -UV_EINVAL));
  return answer(env, tls_feed(endpoint, bytes.bytes, bytes.size));
}

/* choose(slot, context, refused): 0 or fault; undefined keeps the listener's context */
napi_value method_choose(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 3, &call)) return NULL;
  endpoint_t *endpoint = secured_of(env, &call, &result);
  if (endpoint == NULL) return result;
  tls_choose(endpoint, context_of(env, call.values[1]), truth(env, call.values[2]));
  return answer(env, 0);
}

/* ending(slot): whether a requested end has not been sent yet */
napi_value method_ending(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value result;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &result);
  bool ending = endpoint != NULL && (endpoint->flags & FLAG_TLS) && (tls_of(endpoint)->flags & TLS_ENDING);
  return napi_get_boolean(env, ending, &result) == napi_ok ? result : NULL;
}

/* --- results and errors of a handshake --- */

static bool put(napi_env env, napi_value list, uint32_t at, const char *text, size_t length) {
  napi_value value;
  if (text == NULL) text = "", length = 0;
  return napi_create_string_utf8(env, text, length, &value) == napi_ok && napi_set_element(env, list, at, value) == napi_ok;
}

static bool put_number(napi_env env, napi_value list, uint32_t at, int32_t number) {
  napi_value value = answer(env, number);
  return value != NULL && napi_set_element(env, list, at, value) == napi_ok;
}

static bool put_certificate(napi_env env, napi_value list, uint32_t at, X509 *certificate) {
  napi_value value;
  void *bytes;
  if (certificate == NULL) return true;
  int length = openssl.i2d_X509(certificate, NULL);
  if (length <= 0) return true;
  if (napi_create_buffer(env, (size_t)length, &bytes, &value) != napi_ok) return false;
  unsigned char *end = bytes;
  if (openssl.i2d_X509(certificate, &end) != length) return false;
  return napi_set_element(env, list, at, value) == napi_ok;
}

/* tlsInfo(slot): [protocol, cipher, servername, ALPN, reused, verify result, peer's certificate in DER], or fault */
napi_value method_tls_info(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value list;
  const unsigned char *alpn = NULL;
  unsigned int alpn_length = 0;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = secured_of(env, &call, &list);
  if (endpoint == NULL) return list;
  SSL *ssl = tls_of(endpoint)->ssl;
  openssl.SSL_get0_alpn_selected(ssl, &alpn, &alpn_length);
  X509 *peer = openssl.SSL_get1_peer_certificate(ssl);
  const char *name = openssl.SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  bool made = napi_create_array(env, &list) == napi_ok &&
              put(env, list, 0, openssl.SSL_get_version(ssl), NAPI_AUTO_LENGTH) &&
              put(env, list, 1, openssl.SSL_CIPHER_get_name(openssl.SSL_get_current_cipher(ssl)), NAPI_AUTO_LENGTH) &&
              put(env, list, 2, name, NAPI_AUTO_LENGTH) && put(env, list, 3, (const char *)alpn, alpn_length) &&
              put_number(env, list, 4, openssl.SSL_session_reused(ssl)) &&
              put_number(env, list, 5, (int32_t)openssl.SSL_get_verify_result(ssl)) &&
              put_certificate(env, list, 6, peer);
  if (peer != NULL) openssl.X509_free(peer);
  openssl_forget();
  return made ? list : NULL;
}

/*
 * tlsError(slot): [OpenSSL's reason, verify result, verify result in words, whether the handshake was done], or fault
 */
napi_value method_tls_error(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value list;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = secured_of(env, &call, &list);
  if (endpoint == NULL) return list;
  const tls_t *tls = tls_of(endpoint);
  const char *reason = tls->error == 0 ? NULL : openssl.ERR_reason_error_string(tls->error);
  long verified = openssl.SSL_get_verify_result(tls->ssl);
  return napi_create_array(env, &list) == napi_ok && put(env, list, 0, reason, NAPI_AUTO_LENGTH) &&
                 put_number(env, list, 1, (int32_t)verified) &&
                 put(env, list, 2, openssl.X509_verify_cert_error_string(verified), NAPI_AUTO_LENGTH) &&
                 put_number(env, list, 3, (tls->flags & TLS_OPEN) != 0)
             ? list
             : NULL;
}
