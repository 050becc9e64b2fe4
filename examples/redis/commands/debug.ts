import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import { digestOf, valueDigest } from '../digest.js'
import type { Database } from '../keyspace/database.js'
import { NO_SUCH_KEY, Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { container, type Subcommand } from './container.js'
import { protocol } from './debug-protocol.js'
import { encodingOf } from './objects.js'
import { readFloat, readInteger } from './reading.js'

const MANY = Number.POSITIVE_INFINITY

const NOT_LOCAL = new Refusal(
  'ERR DEBUG command not allowed: only clients on the same machine may use it, over a Unix socket or a loopback address.',
)
const BAD_SLEEP = new Refusal('ERR value is not a valid float')

/** Some of it stops the whole server, as in Redis; so it is only for local clients, as there by default. */
function local(run: Run): Run {
  return (database, args, reply, client) => {
    if (!/^(127\.|\[::1\]|\[::ffff:127\.|[^:]*:0$)/.test(client.ends.remote)) throw NOT_LOCAL
    run(database, args, reply, client)
  }
}

/** What these change in Redis does not exist here: a dump to reload, nodes of lists, a log. */
function accept(_database: Database, _args: Arguments, reply: Reply): void {
  reply.ok()
}

function setActiveExpire(_database: Database, args: Arguments, reply: Reply, { instance }: Client): void {
  instance.removesExpired = readInteger(args, 2) !== 0
  reply.ok()
}

/** Blocks the whole server for a while. */
function sleep(_database: Database, args: Arguments, reply: Reply): void {
  const seconds = readFloat(args, 2)
  if (!(seconds >= 0)) throw BAD_SLEEP
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
  reply.ok()
}

/** The words of Redis; an entry's reference replaces its address. */
function object(database: Database, args: Arguments, reply: Reply): void {
  const entry = database.find(args, 2)
  if (entry === 0) throw NO_SUCH_KEY
  const address = entry.toString(16).padStart(12, '0')
  const encoding = encodingOf(database, entry)
  reply.simple(
    `Value at:0x${address} refcount:1 encoding:${encoding} serializedlength:0 lru:0 lru_seconds_idle:0`,
  )
}

function digest(_database: Database, _args: Arguments, reply: Reply, { instance }: Client): void {
  reply.simple(digestOf(instance.databases).toString('hex'))
}

function digestValue(database: Database, args: Arguments, reply: Reply): void {
  reply.array(args.count - 2)
  for (let index = 2; index < args.count; index++) {
    const entry = database.find(args, index)
    reply.simple(entry === 0 ? '0'.repeat(40) : valueDigest(database, entry).toString('hex'))
  }
}

const DEBUG: readonly Subcommand[] = [
  ['digest', 2, 2, local(digest)],
  ['digest-value', 2, MANY, local(digestValue)],
  ['loadaof', 2, 2, local(accept)],
  ['log', 3, 3, local(accept)],
  ['object', 3, 4, local(object)],
  ['protocol', 3, 3, local(protocol)],
  ['quicklist-packed-threshold', 3, 3, local(accept)],
  ['reload', 2, MANY, local(accept)],
  ['set-active-expire', 3, 3, local(setActiveExpire)],
  ['sleep', 3, 3, local(sleep)],
]

export const DEBUGGING: readonly Row[] = [
  ['debug', -2, 'admin noscript loading stale', 0, 0, 0, container('debug', DEBUG)],
]
