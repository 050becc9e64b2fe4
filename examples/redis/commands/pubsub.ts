import { Buffer } from 'node:buffer'
import type { Arguments } from '../arguments.js'
import { Bytes } from '../bytes.js'
import type { Client } from '../client.js'
import { Glob } from '../glob.js'
import type { Database } from '../keyspace/database.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { container, type Subcommand, wrongUse } from './container.js'

function subscribe(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  for (let index = 1; index < args.count; index++) {
    client.instance.publisher.subscribe(client, args.text(index))
    confirm(reply, 'subscribe', args.text(index), client)
  }
}

function psubscribe(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  for (let index = 1; index < args.count; index++) {
    client.instance.publisher.subscribePattern(client, args.text(index))
    confirm(reply, 'psubscribe', args.text(index), client)
  }
}

function unsubscribe(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const names = named(args, client.channels)
  for (const name of names) {
    client.instance.publisher.unsubscribe(client, name)
    confirm(reply, 'unsubscribe', name, client)
  }
  if (names.length === 0) confirm(reply, 'unsubscribe', undefined, client)
}

function punsubscribe(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const names = named(args, client.patterns)
  for (const name of names) {
    client.instance.publisher.unsubscribePattern(client, name)
    confirm(reply, 'punsubscribe', name, client)
  }
  if (names.length === 0) confirm(reply, 'punsubscribe', undefined, client)
}

/** The names in the arguments, or all if there are none. */
function named(args: Arguments, all: ReadonlySet<string>): string[] {
  if (args.count === 1) return [...all]
  return Array.from({ length: args.count - 1 }, (_, at) => args.text(at + 1))
}

function confirm(reply: Reply, what: string, name: string | undefined, client: Client): void {
  reply.push(3)
  reply.text(what)
  if (name === undefined) reply.null()
  else replyName(reply, name)
  reply.integer(client.subscriptions)
}

function replyName(reply: Reply, name: string): void {
  const bytes = new Bytes(Buffer.from(name, 'latin1'))
  reply.bulk(bytes, 0, bytes.length)
}

function publish(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const message = new Bytes(args.copy(2))
  reply.integer(client.instance.publisher.publish(args.text(1), message, client, reply))
}

function channels(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  if (args.count > 3) throw wrongUse('pubsub', args)
  const pattern = args.count === 3 ? new Glob(args.copy(2)) : undefined
  const all = client.instance.publisher.channels()
  const found = all.filter(name => pattern?.matches(Buffer.from(name, 'latin1')) ?? true)
  reply.array(found.length)
  for (const name of found) replyName(reply, name)
}

function numsub(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  reply.array(2 * (args.count - 2))
  for (let index = 2; index < args.count; index++) {
    replyName(reply, args.text(index))
    reply.integer(client.instance.publisher.subscribers(args.text(index)))
  }
}

function numpat(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  reply.integer(client.instance.publisher.patterns)
}

const MANY = Number.POSITIVE_INFINITY

const PUBSUB_SUBCOMMANDS: readonly Subcommand[] = [
  ['channels', 2, MANY, channels],
  ['numpat', 2, 2, numpat],
  ['numsub', 2, MANY, numsub],
]

export const PUBSUB: readonly Row[] = [
  ['psubscribe', -2, 'pubsub noscript loading stale', 0, 0, 0, psubscribe],
  ['publish', 3, 'pubsub loading stale fast', 0, 0, 0, publish],
  ['pubsub', -2, 'pubsub loading stale', 0, 0, 0, container('pubsub', PUBSUB_SUBCOMMANDS)],
  ['punsubscribe', -1, 'pubsub noscript loading stale', 0, 0, 0, punsubscribe],
  ['subscribe', -2, 'pubsub noscript loading stale', 0, 0, 0, subscribe],
  ['unsubscribe', -1, 'pubsub noscript loading stale', 0, 0, 0, unsubscribe],
]
