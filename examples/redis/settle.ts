import { Buffer } from 'node:buffer'
import { Bytes } from './bytes.js'
import type { Client } from './client.js'
import type { Instance } from './instance.js'
import { Event } from './keyspace/event.js'
import type { Happening } from './keyspace/signals.js'
import type { Reply } from './reply.js'

/**
 * Handles what has happened to keys: publishes keyspace events, and serves blocked clients, whose effects are handled
 * in turn. What `sender` receives is written to `reply`.
 */
export function settle(instance: Instance, sender?: Client, reply?: Reply): void {
  const { signals, blocking } = instance
  while (signals.pending) {
    const { happenings, arrivals } = signals.take()
    for (const happening of happenings) announce(instance, happening, sender, reply)
    for (const { database, key } of arrivals) blocking.serve(database, key)
  }
}

function announce(instance: Instance, { database, event, key }: Happening, sender?: Client, reply?: Reply) {
  const { publisher, signals } = instance
  const index = instance.indexOf(database)
  const publish = (channel: string, message: string) =>
    publisher.publish(channel, new Bytes(Buffer.from(message, 'latin1')), sender, reply)
  if ((signals.wanted & Event.ToKeyspace) !== 0) publish(`__keyspace@${index}__:${key}`, event)
  if ((signals.wanted & Event.ToKeyevent) !== 0) publish(`__keyevent@${index}__:${event}`, key)
}
