import { Action } from 'revio'
import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import { describeServer } from '../info.js'
import type { Database } from '../keyspace/database.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { container, type Subcommand } from './container.js'
import { BAD_DATABASE, readInt32 } from './reading.js'

const MANY = Number.POSITIVE_INFINITY

const SHUTDOWN_OPTIONS = new Set(['nosave', 'save', 'now', 'force', 'abort'])
const NO_SHUTDOWN = new Refusal('ERR No shutdown in progress.')

const BAD_FIRST = new Refusal('ERR invalid first DB index')
const BAD_SECOND = new Refusal('ERR invalid second DB index')

function dbsize(database: Database, _args: Arguments, reply: Reply): void {
  reply.integer(database.size)
}

function flushdb(database: Database, args: Arguments, reply: Reply, client: Client): void {
  checkFlush(args)
  client.instance.clear(database)
  reply.ok()
}

function flushall(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  checkFlush(args)
  for (const database of client.instance.databases.values()) client.instance.clear(database)
  reply.ok()
}

/** With either option, all memory is freed in constant time. */
function checkFlush(args: Arguments): void {
  if (args.count > 2 || (args.count === 2 && !['async', 'sync'].includes(args.word(1)))) throw SYNTAX_ERROR
}

function swapdb(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const { instance } = client
  const left = readInt32(args, 1, BAD_FIRST)
  const right = readInt32(args, 2, BAD_SECOND)
  if (!instance.hasDatabase(left) || !instance.hasDatabase(right)) throw BAD_DATABASE
  instance.swapDatabases(left, right)
  reply.ok()
}

function time(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  const now = client.instance.now()
  reply.array(2)
  reply.text(String(Math.floor(now / 1000)))
  reply.text(String(Math.floor((now % 1000) * 1000)))
}

function info(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const sections = Array.from({ length: args.count - 1 }, (_, at) => args.word(at + 1))
  reply.verbatim(describeServer(client.instance, sections))
}

function shutdown(_database: Database, args: Arguments, _reply: Reply, client: Client): void {
  const words = new Set(Array.from({ length: args.count - 1 }, (_, at) => args.word(at + 1)))
  for (const word of words) if (!SHUTDOWN_OPTIONS.has(word)) throw SYNTAX_ERROR
  if (words.has('abort') && words.size > 1) throw SYNTAX_ERROR
  if (words.has('save') && words.has('nosave')) throw SYNTAX_ERROR
  if (words.has('abort')) throw NO_SHUTDOWN
  client.action = Action.Shutdown
}

function configGet(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const patterns = Array.from({ length: args.count - 2 }, (_, at) => args.text(at + 2))
  const settings = client.instance.settings.matching(patterns)
  reply.map(settings.size)
  for (const [name, value] of settings) {
    reply.text(name)
    reply.text(value)
  }
}

function configSet(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  if (args.count % 2 !== 0) throw SYNTAX_ERROR
  const changes: [string, string][] = []
  for (let index = 2; index < args.count; index += 2) changes.push([args.shown(index), args.text(index + 1)])
  const { settings, signals } = client.instance
  settings.change(changes)
  signals.wanted = settings.events
  reply.ok()
}

function resetstat(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  client.instance.statistics.reset()
  reply.ok()
}

const CONFIG: readonly Subcommand[] = [
  ['get', 3, MANY, configGet],
  ['resetstat', 2, 2, resetstat],
  ['set', 4, MANY, configSet],
]

export const SERVER: readonly Row[] = [
  ['config', -2, 'admin noscript loading stale', 0, 0, 0, container('config', CONFIG)],
  ['dbsize', 1, 'readonly fast', 0, 0, 0, dbsize],
  ['flushall', -1, 'write', 0, 0, 0, flushall],
  ['flushdb', -1, 'write', 0, 0, 0, flushdb],
  ['info', -1, 'loading stale', 0, 0, 0, info],
  ['shutdown', -1, 'admin noscript loading stale no_multi allow_busy', 0, 0, 0, shutdown],
  ['swapdb', 3, 'write fast', 0, 0, 0, swapdb],
  ['time', 1, 'loading stale fast', 0, 0, 0, time],
]
