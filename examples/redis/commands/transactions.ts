import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import type { Database } from '../keyspace/database.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import { Transaction } from '../transaction.js'
import type { Row } from './command.js'
import { runCommand } from './run.js'

const NESTED = new Refusal('ERR MULTI calls can not be nested')
const WATCH_INSIDE = new Refusal('ERR WATCH inside MULTI is not allowed')
const EXEC_WITHOUT = new Refusal('ERR EXEC without MULTI')
const DISCARD_WITHOUT = new Refusal('ERR DISCARD without MULTI')
const ABORTED = new Refusal('EXECABORT Transaction discarded because of previous errors.')

function multi(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  if (client.transaction !== undefined) throw NESTED
  client.transaction = new Transaction()
  reply.ok()
}

function exec(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  const { transaction } = client
  if (transaction === undefined) throw EXEC_WITHOUT
  const broken = client.instance.watches.isBroken(client)
  endTransaction(client)
  if (transaction.failed) throw ABORTED
  if (broken) return reply.nullArray()
  reply.array(transaction.queue.length)
  client.isExecuting = true
  for (const { command, args } of transaction.queue) runCommand(command, client, args, reply)
  client.isExecuting = false
}

function discard(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  if (client.transaction === undefined) throw DISCARD_WITHOUT
  endTransaction(client)
  reply.ok()
}

function watch(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  if (client.transaction !== undefined) throw WATCH_INSIDE
  for (let index = 1; index < args.count; index++) client.instance.watches.add(client, args, index)
  reply.ok()
}

function unwatch(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  client.instance.watches.forget(client)
  reply.ok()
}

/** Discards what is queued and what is watched. */
export function endTransaction(client: Client): void {
  client.transaction = undefined
  client.instance.watches.forget(client)
}

export const TRANSACTIONS: readonly Row[] = [
  ['discard', 1, 'noscript loading stale fast allow_busy', 0, 0, 0, discard],
  ['exec', 1, 'noscript loading stale skip_slowlog', 0, 0, 0, exec],
  ['multi', 1, 'noscript loading stale fast allow_busy', 0, 0, 0, multi],
  ['unwatch', 1, 'noscript loading stale fast allow_busy', 0, 0, 0, unwatch],
  ['watch', -2, 'noscript loading stale fast allow_busy', 1, -1, 1, watch],
]
