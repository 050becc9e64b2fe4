/* Exports for a TLS session that has left its poller. */
#include "call.h"
#include "object.h"
#include "tls-codec.h"
#include "tls-methods.h"

static const napi_type_tag tag = {0x2f4c8e1ab37d4096, 0x84d19c6e0ab25f73};

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  codec_free(data);
}

/*
 * takeTls(slot): the TLS session as an object for the functions below; the endpoint becomes a plain one. Undefined before
 * the handshake is done and after a failure.
 */
napi_value method_take_tls(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value fault;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &fault);
  if (endpoint == NULL || !(endpoint->flags & FLAG_TLS)) return NULL;
  codec_t *codec = codec_take(endpoint);
  return codec == NULL ? NULL : object_wrap(env, codec, on_collected, &tag);
}

/* The codec, and its bytes unless `bytes` is NULL. NULL, with an exception, for any other arguments. */
static codec_t *arguments(napi_env env, napi_callback_info info, memory_t *bytes) {
  size_t given = 2;
  napi_value values[2];
  codec_t *codec = NULL;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given >= 1) {
    codec = object_data(env, values[0], &tag);
  }
  if (codec != NULL && (bytes == NULL || (given == 2 && memory_of(env, values[1], bytes)))) return codec;
  (void)napi_throw_type_error(env, "ERR_NATIVE", "a function of TLS was called without its object or bytes");
  return NULL;
}

static napi_value boolean(napi_env env, bool value) {
  napi_value result;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : NULL;
}

/* tlsFeed(codec, bytes): false if memory is exhausted */
static napi_value feed(napi_env env, napi_callback_info info) {
  memory_t bytes;
  codec_t *codec = arguments(env, info, &bytes);
  return codec == NULL ? NULL : boolean(env, codec_feed(codec, bytes.bytes, bytes.size));
}

/* tlsDecrypt(codec, room): bytes of plaintext written to `room`; if none: 0, -1 after close_notify, -2 after a failure */
static napi_value decrypt(napi_env env, napi_callback_info info) {
  memory_t room;
  enum codec_state state;
  codec_t *codec = arguments(env, info, &room);
  if (codec == NULL) return NULL;
  size_t length = codec_decrypt(codec, room.bytes, room.size < INT32_MAX ? room.size : INT32_MAX, &state);
  return answer(env, length > 0 ? (int32_t)length : -(int32_t)state);
}

/* tlsEncrypt(codec, bytes): false after a failure */
static napi_value encrypt(napi_env env, napi_callback_info info) {
  memory_t bytes;
  codec_t *codec = arguments(env, info, &bytes);
  return codec == NULL ? NULL : boolean(env, codec_encrypt(codec, bytes.bytes, bytes.size));
}

/* tlsEnd(codec) */
static napi_value end(napi_env env, napi_callback_info info) {
  codec_t *codec = arguments(env, info, NULL);
  if (codec != NULL) codec_end(codec);
  return NULL;
}

/* tlsSend(codec): ciphertext to send, or undefined */
static napi_value to_send(napi_env env, napi_callback_info info) {
  napi_value buffer;
  void *bytes;
  codec_t *codec = arguments(env, info, NULL);
  size_t pending = codec == NULL ? 0 : codec_pending(codec);
  if (pending == 0 || napi_create_buffer(env, pending, &bytes, &buffer) != napi_ok) return NULL;
  return codec_send(codec, bytes, pending) == pending ? buffer : NULL;
}

/* tlsFault(): OpenSSL's reason for the failure that the last call reported */
static napi_value fault(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value text;
  unsigned long error = openssl.ERR_peek_error();
  const char *reason = error == 0 ? NULL : openssl.ERR_reason_error_string(error);
  openssl_forget();
  return napi_create_string_utf8(env, reason == NULL ? "" : reason, NAPI_AUTO_LENGTH, &text) == napi_ok ? text : NULL;
}

bool define_codec(napi_env env, napi_value exports) {
  static const function_t functions[] = {{"tlsFeed", feed}, {"tlsDecrypt", decrypt}, {"tlsEncrypt", encrypt},
                                         {"tlsEnd", end},   {"tlsSend", to_send},    {"tlsFault", fault}};
  return export_functions(env, exports, functions, sizeof functions / sizeof *functions);
}
