/*
 * The OpenSSL of the process. Node contains one and exports it, so the addon neither builds nor ships its own: it
 * looks the functions up when TLS is first used. The declarations follow the documentation of OpenSSL 3.
 */
#ifndef REVIO_OPENSSL_H
#define REVIO_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_cipher_st SSL_CIPHER;
typedef struct ssl_session_st SSL_SESSION;
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;
typedef struct x509_st X509;
typedef struct x509_store_ctx_st X509_STORE_CTX;
typedef struct crypto_ex_data_st CRYPTO_EX_DATA;

typedef void crypto_ex_new_t(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument);
typedef int alpn_select_t(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                          unsigned int in_length, void *argument);
typedef int client_hello_t(SSL *ssl, int *alert, void *argument);
typedef int new_session_t(SSL *ssl, SSL_SESSION *session);
typedef int verify_t(int ok, X509_STORE_CTX *store);
typedef int verify_chain_t(X509_STORE_CTX *store, void *argument);

/* F(result, name, arguments) for every function used. */
#define OPENSSL_FUNCTIONS(F)                                                                                \
  F(unsigned long, OpenSSL_version_num, (void))                                                             \
  F(int, CRYPTO_get_ex_new_index, (int, long, void *, crypto_ex_new_t *, void *, void *))                   \
  F(void, ERR_clear_error, (void))                                                                          \
  F(unsigned long, ERR_peek_error, (void))                                                                  \
  F(const char *, ERR_reason_error_string, (unsigned long))                                                 \
  F(int, BIO_get_new_index, (void))                                                                         \
  F(BIO_METHOD *, BIO_meth_new, (int, const char *))                                                        \
  F(int, BIO_meth_set_read, (BIO_METHOD *, int (*)(BIO *, char *, int)))                                    \
  F(int, BIO_meth_set_write, (BIO_METHOD *, int (*)(BIO *, const char *, int)))                             \
  F(int, BIO_meth_set_ctrl, (BIO_METHOD *, long (*)(BIO *, int, long, void *)))                             \
  F(BIO *, BIO_new, (const BIO_METHOD *))                                                                   \
  F(const BIO_METHOD *, BIO_s_mem, (void))                                                                  \
  F(int, BIO_up_ref, (BIO *))                                                                               \
  F(int, BIO_free, (BIO *))                                                                                 \
  F(int, BIO_read, (BIO *, void *, int))                                                                    \
  F(int, BIO_write, (BIO *, const void *, int))                                                             \
  F(long, BIO_ctrl, (BIO *, int, long, void *))                                                             \
  F(void, BIO_set_data, (BIO *, void *))                                                                    \
  F(void *, BIO_get_data, (BIO *))                                                                          \
  F(void, BIO_set_init, (BIO *, int))                                                                       \
  F(void, BIO_set_flags, (BIO *, int))                                                                      \
  F(void, BIO_clear_flags, (BIO *, int))                                                                    \
  F(int, SSL_CTX_up_ref, (SSL_CTX *))                                                                       \
  F(void, SSL_CTX_free, (SSL_CTX *))                                                                        \
  F(long, SSL_CTX_ctrl, (SSL_CTX *, int, long, void *))                                                     \
  F(long, SSL_CTX_callback_ctrl, (SSL_CTX *, int, void (*)(void)))                                          \
  F(int, SSL_CTX_set_tlsext_ticket_key_evp_cb, (SSL_CTX *, void *))                                         \
  F(int, SSL_CTX_set_num_tickets, (SSL_CTX *, size_t))                                                      \
  F(void, SSL_CTX_sess_set_new_cb, (SSL_CTX *, new_session_t *))                                            \
  F(int, SSL_set_session, (SSL *, SSL_SESSION *))                                                           \
  F(SSL_SESSION *, SSL_SESSION_dup, (const SSL_SESSION *))                                                  \
  F(void, SSL_SESSION_free, (SSL_SESSION *))                                                                \
  F(void, SSL_CTX_set_alpn_select_cb, (SSL_CTX *, alpn_select_t *, void *))                                 \
  F(void, SSL_CTX_set_client_hello_cb, (SSL_CTX *, client_hello_t *, void *))                               \
  F(void, SSL_CTX_set_cert_verify_callback, (SSL_CTX *, verify_chain_t *, void *))                          \
  F(int, X509_verify_cert, (X509_STORE_CTX *))                                                              \
  F(int, X509_STORE_CTX_get_error, (const X509_STORE_CTX *))                                                \
  F(void *, X509_STORE_CTX_get_ex_data, (const X509_STORE_CTX *, int))                                      \
  F(const char *, X509_verify_cert_error_string, (long))                                                    \
  F(int, SSL_get_ex_data_X509_STORE_CTX_idx, (void))                                                        \
  F(SSL *, SSL_new, (SSL_CTX *))                                                                            \
  F(void, SSL_free, (SSL *))                                                                                \
  F(SSL_CTX *, SSL_set_SSL_CTX, (SSL *, SSL_CTX *))                                                         \
  F(void, SSL_set_bio, (SSL *, BIO *, BIO *))                                                               \
  F(BIO *, SSL_get_rbio, (const SSL *))                                                                     \
  F(BIO *, SSL_get_wbio, (const SSL *))                                                                     \
  F(long, SSL_ctrl, (SSL *, int, long, void *))                                                             \
  F(uint64_t, SSL_set_options, (SSL *, uint64_t))                                                           \
  F(void, SSL_set_verify, (SSL *, int, verify_t *))                                                         \
  F(int, SSL_set_alpn_protos, (SSL *, const unsigned char *, unsigned int))                                 \
  F(int, SSL_set_ex_data, (SSL *, int, void *))                                                             \
  F(void *, SSL_get_ex_data, (const SSL *, int))                                                            \
  F(void, SSL_set_accept_state, (SSL *))                                                                    \
  F(void, SSL_set_connect_state, (SSL *))                                                                   \
  F(int, SSL_do_handshake, (SSL *))                                                                         \
  F(int, SSL_read_ex, (SSL *, void *, size_t, size_t *))                                                    \
  F(int, SSL_write_ex, (SSL *, const void *, size_t, size_t *))                                             \
  F(int, SSL_shutdown, (SSL *))                                                                             \
  F(int, SSL_get_error, (const SSL *, int))                                                                 \
  F(int, SSL_client_hello_get0_ext, (SSL *, unsigned int, const unsigned char **, size_t *))                \
  F(int, SSL_select_next_proto, (unsigned char **, unsigned char *, const unsigned char *, unsigned int,    \
                                 const unsigned char *, unsigned int))                                      \
  F(void, SSL_get0_alpn_selected, (const SSL *, const unsigned char **, unsigned int *))                    \
  F(const char *, SSL_get_version, (const SSL *))                                                           \
  F(const SSL_CIPHER *, SSL_get_current_cipher, (const SSL *))                                              \
  F(const char *, SSL_CIPHER_get_name, (const SSL_CIPHER *))                                                \
  F(const char *, SSL_get_servername, (const SSL *, int))                                                   \
  F(int, SSL_session_reused, (const SSL *))                                                                 \
  F(long, SSL_get_verify_result, (const SSL *))                                                             \
  F(X509 *, SSL_get1_peer_certificate, (const SSL *))                                                       \
  F(int, i2d_X509, (const X509 *, unsigned char **))                                                        \
  F(void, X509_free, (X509 *))

typedef struct {
#define F(result, name, arguments) result(*name) arguments;
  OPENSSL_FUNCTIONS(F)
#undef F
} openssl_t;

/* Valid once `openssl_missing` has returned NULL. */
extern openssl_t openssl;

enum {
  CRYPTO_EX_INDEX_SSL_CTX = 1,
  BIO_CTRL_FLUSH = 11,
  BIO_CTRL_DUP = 12,
  BIO_CTRL_PENDING = 10,
  BIO_C_SET_BUF_MEM_EOF_RETURN = 130,
  BIO_TYPE_SOURCE_SINK = 0x400,
  BIO_FLAGS_READ = 1,
  BIO_FLAGS_RWS = 7,
  BIO_FLAGS_SHOULD_RETRY = 8,
  OPENSSL_NPN_NEGOTIATED = 1,
  SSL_AD_UNRECOGNIZED_NAME = 112,
  SSL_CLIENT_HELLO_RETRY = -1,
  SSL_CLIENT_HELLO_ERROR = 0,
  SSL_CLIENT_HELLO_SUCCESS = 1,
  SSL_CTRL_MODE = 33,
  SSL_CTRL_SET_SESS_CACHE_MODE = 44,
  SSL_CTRL_SET_TLSEXT_HOSTNAME = 55,
  SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59,
  SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB = 72,
  SSL_ERROR_SSL = 1,
  SSL_ERROR_WANT_READ = 2,
  SSL_ERROR_SYSCALL = 5,
  SSL_ERROR_ZERO_RETURN = 6,
  SSL_ERROR_WANT_CLIENT_HELLO_CB = 11,
  SSL_MODE_ENABLE_PARTIAL_WRITE = 0x1,
  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 0x2,
  SSL_MODE_RELEASE_BUFFERS = 0x10,
  SSL_OP_NO_COMPRESSION = 1 << 17,
  SSL_OP_NO_RENEGOTIATION = 1 << 30,
  SSL_SESS_CACHE_CLIENT = 1,
  SSL_SESS_CACHE_NO_INTERNAL = 0x300,
  SSL_TLSEXT_ERR_OK = 0,
  SSL_TLSEXT_ERR_ALERT_FATAL = 2,
  SSL_TLSEXT_ERR_NOACK = 3,
  SSL_VERIFY_PEER = 1,
  SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2,
  TLSEXT_NAMETYPE_host_name = 0,
  TLSEXT_TYPE_server_name = 0
};

/* The index that OpenSSL reserves for the application in SSL_set_ex_data. */
#define APP_DATA 0

/* Returns NULL, or why this process's OpenSSL can't be used. Checks once for the whole process. */
const char *openssl_missing(void);
/* Clears the thread's error queue, whose content would change the result of SSL_get_error. */
void openssl_forget(void);

#endif
