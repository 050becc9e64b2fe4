{
  "targets": [
    {
      "target_name": "revio",
      "sources": ["addon.c", "binding.c", "call.c", "datagram.c", "listener.c", "message.c", "methods.c", "opening.c", "poller.c", "socket.c", "writer.c"],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE", "__APPLE_USE_RFC_3542"],
      "cflags": ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "xcode_settings": {
        "GCC_C_LANGUAGE_STANDARD": "c11",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "WARNING_CFLAGS": ["-Wall", "-Wextra", "-Werror"]
      }
    }
  ]
}
