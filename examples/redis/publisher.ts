import { Buffer } from 'node:buffer'
import { Action } from 'revio'
import { Bytes } from './bytes.js'
import type { Client } from './client.js'
import { Glob } from './glob.js'
import type { Instance } from './instance.js'
import { Reply } from './reply.js'

/** A subscriber with more unsent output than this is disconnected, as in Redis, so that it can't exhaust memory. */
const MOST_PENDING = 32 * 1024 * 1024

interface Subscribers {
  glob: Glob
  clients: Set<Client>
}

/**
 * The subscribers of channels and patterns. Names are strings of bytes (latin1), so a name may consist of any bytes.
 */
export class Publisher {
  readonly #instance: Instance
  readonly #channels = new Map<string, Set<Client>>()
  readonly #patterns = new Map<string, Subscribers>()
  readonly #message = new Reply()

  constructor(instance: Instance) {
    this.#instance = instance
  }

  get patterns(): number {
    return this.#patterns.size
  }

  /** The names of channels with subscribers. */
  channels(): string[] {
    return [...this.#channels.keys()]
  }

  /** The number of subscribers of a channel. */
  subscribers(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0
  }

  subscribe(client: Client, channel: string): void {
    const clients = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, clients.add(client))
    client.channels.add(channel)
    count(client)
  }

  unsubscribe(client: Client, channel: string): void {
    const clients = this.#channels.get(channel)
    clients?.delete(client)
    if (clients?.size === 0) this.#channels.delete(channel)
    client.channels.delete(channel)
    count(client)
  }

  subscribePattern(client: Client, pattern: string): void {
    const glob = new Glob(Buffer.from(pattern, 'latin1'))
    const subscribers = this.#patterns.get(pattern) ?? { glob, clients: new Set() }
    subscribers.clients.add(client)
    this.#patterns.set(pattern, subscribers)
    client.patterns.add(pattern)
    count(client)
  }

  unsubscribePattern(client: Client, pattern: string): void {
    const subscribers = this.#patterns.get(pattern)
    subscribers?.clients.delete(client)
    if (subscribers?.clients.size === 0) this.#patterns.delete(pattern)
    client.patterns.delete(pattern)
    count(client)
  }

  forget(client: Client): void {
    for (const channel of client.channels) this.unsubscribe(client, channel)
    for (const pattern of client.patterns) this.unsubscribePattern(client, pattern)
  }

  /** Publishes a message; returns the number of receivers. What `sender` receives is written to `reply`, in order. */
  publish(channel: string, message: Bytes, sender?: Client, reply?: Reply): number {
    const name = new Bytes(Buffer.from(channel, 'latin1'))
    let receivers = 0
    const deliver = (client: Client, parts: readonly Bytes[]) => {
      receivers++
      if (client === sender && reply !== undefined) writePush(reply, parts)
      else this.#send(client, parts)
    }
    for (const client of this.#channels.get(channel) ?? []) deliver(client, [MESSAGE, name, message])
    for (const [pattern, { glob, clients }] of this.#patterns) {
      if (!glob.matches(name.buffer)) continue
      const by = new Bytes(Buffer.from(pattern, 'latin1'))
      for (const client of clients) deliver(client, [PATTERN_MESSAGE, by, name, message])
    }
    return receivers
  }

  #send(client: Client, parts: readonly Bytes[]): void {
    const { loop } = this.#instance
    const message = this.#message
    message.protocol = client.protocol
    writePush(message, parts)
    const full = (loop?.pending(client.id) ?? 0) > MOST_PENDING
    loop?.send(client.id, full ? null : message.take(), full ? Action.Close : Action.None)
  }
}

function count(client: Client): void {
  client.subscriptions = client.channels.size + client.patterns.size
}

const MESSAGE = Bytes.from('message')
const PATTERN_MESSAGE = Bytes.from('pmessage')

function writePush(reply: Reply, parts: readonly Bytes[]): void {
  reply.push(parts.length)
  for (const part of parts) reply.bulk(part, 0, part.length)
}
