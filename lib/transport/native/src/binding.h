/* A poller and the TypeScript objects that it uses: their lifetime, and the call for each turn. */
#ifndef REVIO_BINDING_H
#define REVIO_BINDING_H

#include <node_api.h>

#include "poller.h"

/* State of one thread: one for each environment that loads the addon. */
typedef struct {
  napi_env env;
  struct binding *bindings;
  napi_async_cleanup_hook_handle hook;
  bool ending;
} instance_t;

/* A poller and the TypeScript objects that it uses. */
typedef struct binding {
  poller_t poller; /* First: the poller's callbacks cast its address. */
  instance_t *instance;
  struct binding *next;
  napi_async_context context;
  napi_ref turn;
  napi_ref memory; /* Keeps the memory alive that the pointers point to. */
  bool collected;
} binding_t;

/* The addon's state in an environment, freed with it. */
bool instance_create(napi_env env);
/* The bytes of an Int32Array or a Uint8Array; false for anything else. */
bool memory_of(napi_env env, napi_value value, memory_t *memory);
/* new Poller(input, stage, events, writes, turn) */
napi_value binding_construct(napi_env env, napi_callback_info info);

#endif
