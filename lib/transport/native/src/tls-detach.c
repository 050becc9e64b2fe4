/* Functions for the TLS state of a connection that has left its poller. */
#include "call.h"
#include "tls-codec.h"
#include "tls-methods.h"

static const napi_type_tag tag = {0x2f4c8e1ab37d4096, 0x84d19c6e0ab25f73};

static codec_t *codec_of(napi_env env, napi_value value) {
  bool ours = false;
  void *codec = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return NULL;
  if (napi_check_object_type_tag(env, value, &tag, &ours) != napi_ok || !ours) return NULL;
  return napi_unwrap(env, value, &codec) == napi_ok ? codec : NULL;
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  codec_free(data);
}

/* takeTls(slot): an object for the functions below; the endpoint is plain afterwards. Undefined unless its handshake is done */
napi_value method_take_tls(napi_env env, napi_callback_info info) {
  call_t call;
  napi_value object;
  if (!begin(env, info, 1, &call)) return NULL;
  endpoint_t *endpoint = endpoint_of(env, &call, &object);
  if (endpoint == NULL || !(endpoint->flags & FLAG_TLS)) return NULL;
  codec_t *codec = codec_take(endpoint);
  if (codec == NULL) return NULL;
  if (napi_create_object(env, &object) == napi_ok && napi_wrap(env, object, codec, on_collected, NULL, NULL) == napi_ok) {
    return napi_type_tag_object(env, object, &tag) == napi_ok ? object : NULL;
  }
  codec_free(codec);
  return NULL;
}

/* Returns the codec and the bytes from the arguments; NULL, with an exception, if they are invalid. */
static codec_t *arguments(napi_env env, napi_callback_info info, memory_t *bytes) {
  size_t given = 2;
  napi_value values[2];
  codec_t *codec = NULL;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given >= 1) codec = codec_of(env, values[0]);
  if (codec != NULL && (bytes == NULL || (given == 2 && memory_of(env, values[1], bytes)))) return codec;
  (void)napi_throw_type_error(env, "ERR_NATIVE", "a function of TLS was called without its object or bytes");
  return NULL;
}

/* tlsFeed(codec, bytes): false if memory is exhausted */
static napi_value feed(napi_env env, napi_callback_info info) {
  memory_t bytes;
  napi_value result;
  codec_t *codec = arguments(env, info, &bytes);
  if (codec == NULL) return NULL;
  return napi_get_boolean(env, codec_feed(codec, bytes.bytes, bytes.size), &result) == napi_ok ? result : NULL;
}

/*
 * tlsDecrypt(codec, room): how many bytes of plaintext it wrote: 0 if none yet, -1 at close_notify, -2 if TLS has
 * failed
 */
static napi_value decrypt(napi_env env, napi_callback_info info) {
  memory_t room;
  enum codec_state state;
  codec_t *codec = arguments(env, info, &room);
  if (codec == NULL) return NULL;
  size_t length = codec_decrypt(codec, room.bytes, room.size < INT32_MAX ? room.size : INT32_MAX, &state);
  return answer(env, length > 0 ? (int32_t)length : -(int32_t)state);
}

/* tlsEncrypt(codec, bytes): false if TLS has failed */
static napi_value encrypt(napi_env env, napi_callback_info info) {
  memory_t bytes;
  napi_value result;
  codec_t *codec = arguments(env, info, &bytes);
  if (codec == NULL) return NULL;
  return napi_get_boolean(env, codec_encrypt(codec, bytes.bytes, bytes.size), &result) == napi_ok ? result : NULL;
}

/* tlsEnd(codec) */
static napi_value end(napi_env env, napi_callback_info info) {
  codec_t *codec = arguments(env, info, NULL);
  if (codec != NULL) codec_end(codec);
  return NULL;
}

/* tlsSend(codec): the ciphertext to send, or undefined */
static napi_value to_send(napi_env env, napi_callback_info info) {
  napi_value buffer;
  void *bytes;
  codec_t *codec = arguments(env, info, NULL);
  size_t pending = codec == NULL ? 0 : codec_pending(codec);
  if (pending == 0 || napi_create_buffer(env, pending, &bytes, &buffer) != napi_ok) return NULL;
  (void)codec_send(codec, bytes, pending); /* Writes all of it, because it is in memory. */
  return buffer;
}

/* tlsFault(): OpenSSL's reason for the failure of the last call */
static napi_value fault(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value text;
  unsigned long error = openssl.ERR_peek_error();
  const char *reason = error == 0 ? NULL : openssl.ERR_reason_error_string(error);
  openssl_forget();
  return napi_create_string_utf8(env, reason == NULL ? "" : reason, NAPI_AUTO_LENGTH, &text) == napi_ok ? text : NULL;
}

bool define_codec(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback callback;
  } functions[] = {{"tlsFeed", feed}, {"tlsDecrypt", decrypt}, {"tlsEncrypt", encrypt}, {"tlsEnd", end},
                   {"tlsSend", to_send}, {"tlsFault", fault}};
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    napi_value function;
    const char *name = functions[index].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[index].callback, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}
