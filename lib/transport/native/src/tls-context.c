#include "tls-context.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "tls.h"

/* --- captures the SSL_CTX that Node makes, through OpenSSL's hook for new extra data --- */

static _Thread_local int seen = -1; /* Negative: not capturing. */
static _Thread_local SSL_CTX *last;
static uv_once_t once = UV_ONCE_INIT;
static int hook = -1;

static void on_made(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
  (void)pointer, (void)data, (void)index, (void)number, (void)argument;
  if (seen < 0) return;
  last = parent;
  seen++;
}

/* Stays for the lifetime of the process: the addon is linked so that it is never unloaded. */
static void set_hook(void) {
  hook = openssl.CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, on_made, NULL, NULL);
}

bool tls_capture_begin(void) {
  uv_once(&once, set_hook);
  seen = 0;
  last = NULL;
  return hook >= 0;
}

SSL_CTX *tls_capture_end(void) {
  bool one = seen == 1;
  seen = -1;
  return one && openssl.SSL_CTX_up_ref(last) == 1 ? last : NULL;
}

/* --- OpenSSL's callbacks during a handshake --- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                   unsigned int in_length, void *argument) {
  (void)argument;
  const tls_context_t *context = ((tls_t *)openssl.SSL_get_ex_data(ssl, APP_DATA))->context;
  if (context->alpn_length == 0) return SSL_TLSEXT_ERR_NOACK;
  int found = openssl.SSL_select_next_proto((unsigned char **)out, out_length, context->alpn, context->alpn_length, in,
                                            in_length);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_hello(SSL *ssl, int *alert, void *argument) {
  (void)argument;
  const tls_t *tls = openssl.SSL_get_ex_data(ssl, APP_DATA);
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  if (tls->flags & TLS_REFUSED) return SSL_CLIENT_HELLO_ERROR;
  return tls->flags & TLS_CHOSEN ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_RETRY;
}

/* Continues to the end of the chain, so that the result is the same error that node:tls reports. */
static int on_verify(int ok, X509_STORE_CTX *store) {
  (void)ok, (void)store;
  return 1;
}

/* SSL_get_verify_result keeps the error even if it does not reject the peer. */
static int on_chain(X509_STORE_CTX *store, void *argument) {
  (void)argument;
  const SSL *ssl = openssl.X509_STORE_CTX_get_ex_data(store, openssl.SSL_get_ex_data_X509_STORE_CTX_idx());
  const tls_t *tls = openssl.SSL_get_ex_data(ssl, APP_DATA);
  if (openssl.X509_verify_cert(store) <= 0) return 0;
  return !(tls->context->flags & CONTEXT_REQUIRES) || openssl.X509_STORE_CTX_get_error(store) == 0;
}

/* --- contexts --- */

#define TICKETS 1

tls_context_t *tls_context_new(SSL_CTX *ctx, int flags, const uint8_t *alpn, size_t alpn_length) {
  tls_context_t *context = malloc(sizeof *context + alpn_length);
  if (context == NULL) {
    openssl.SSL_CTX_free(ctx);
    return NULL;
  }
  *context = (tls_context_t){.references = 1, .ctx = ctx, .flags = (uint8_t)flags, .alpn_length = (uint16_t)alpn_length};
  if (alpn_length > 0) memcpy(context->alpn, alpn, alpn_length);
  /*
   * Node's ticket callbacks need Node's own object, which our connections don't have; OpenSSL handles tickets itself.
   */
  (void)openssl.SSL_CTX_callback_ctrl(ctx, SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB, NULL);
  (void)openssl.SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, NULL);
  /* A ticket costs a fiftieth of a handshake, and a TLS 1.3 client gets another one whenever it resumes. */
  (void)openssl.SSL_CTX_set_num_tickets(ctx, TICKETS);
  openssl.SSL_CTX_set_cert_verify_callback(ctx, on_chain, NULL);
  if (flags & CONTEXT_SERVER) openssl.SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
  else tls_sessions_watch(ctx);
  if (flags & CONTEXT_CHOOSES) openssl.SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
  return context;
}

bool tls_context_set_ticket_keys(tls_context_t *context, const uint8_t keys[TICKET_KEYS]) {
  return openssl.SSL_CTX_ctrl(context->ctx, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, TICKET_KEYS, (void *)keys) == 1;
}

tls_context_t *tls_context_share(tls_context_t *context) {
  context->references++;
  return context;
}

void tls_context_drop(tls_context_t *context) {
  if (--context->references > 0) return;
  openssl.SSL_CTX_free(context->ctx);
  free(context);
}

static void set_verify(SSL *ssl, int flags) {
  int mode = flags & CONTEXT_VERIFIES ? SSL_VERIFY_PEER : 0;
  if (mode != 0 && (flags & CONTEXT_REQUIRES)) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  openssl.SSL_set_verify(ssl, mode, on_verify);
}

static bool set_client(SSL *ssl, const tls_context_t *context, const char *name) {
  openssl.SSL_set_connect_state(ssl);
  if (name != NULL && openssl.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)name) != 1)
    return false;
  return context->alpn_length == 0 || openssl.SSL_set_alpn_protos(ssl, context->alpn, context->alpn_length) == 0;
}

SSL *tls_context_open(tls_context_t *context, const char *name) {
  SSL *ssl = openssl.SSL_new(context->ctx);
  if (ssl == NULL) return NULL;
  /* Frees the buffers of an idle connection: they take 24 to 34 KB, and keeping them saves no time. */
  long mode = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
  (void)openssl.SSL_ctrl(ssl, SSL_CTRL_MODE, mode, NULL);
  (void)openssl.SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  set_verify(ssl, context->flags);
  if (context->flags & CONTEXT_SERVER) openssl.SSL_set_accept_state(ssl);
  else if (!set_client(ssl, context, name)) {
    openssl.SSL_free(ssl);
    return NULL;
  }
  return ssl;
}
