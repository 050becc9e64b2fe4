{
  "targets": [
    {
      "target_name": "revio",
      "sources": ["addon.c", "adopt.c", "binding.c", "call.c", "datagram.c", "group.c", "listener.c", "member.c", "message.c", "methods.c", "object.c", "opening.c", "openssl.c", "poller.c", "socket.c",
        "tls.c", "tls-codec.c", "tls-context.c", "tls-detach.c", "tls-exports.c", "tls-handshake.c", "tls-methods.c", "tls-session.c", "tls-stream.c", "tls-wire.c", "writer.c"],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE", "__APPLE_USE_RFC_3542"],
      "cflags": ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "ldflags": ["-Wl,-z,nodelete"],
      "xcode_settings": {
        "GCC_C_LANGUAGE_STANDARD": "c11",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "WARNING_CFLAGS": ["-Wall", "-Wextra", "-Werror"]
      }
    }
  ]
}
