import { Action } from 'revio'
import type { Arguments } from '../arguments.js'
import { Bytes } from '../bytes.js'
import type { Client } from '../client.js'
import { VERSION } from '../instance.js'
import type { Database } from '../keyspace/database.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import { nameClient } from './clients.js'
import type { Row } from './command.js'
import { wrongCount } from './container.js'
import { BAD_DATABASE, readInt32, readInteger } from './reading.js'
import { endTransaction } from './transactions.js'

const PONG = Bytes.from('+PONG\r\n')

const BAD_PROTOCOL = new Refusal('ERR Protocol version is not an integer or out of range')
const UNSUPPORTED_PROTOCOL = new Refusal('NOPROTO unsupported protocol version')
const WRONG_PASSWORD = new Refusal('WRONGPASS invalid username-password pair or user is disabled.')
const NO_PASSWORD = new Refusal(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
)

function ping(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  if (args.count > 2) throw wrongCount('ping')
  if (client.protocol === 2 && client.subscriptions > 0) {
    reply.array(2)
    reply.text('pong')
    if (args.count === 1) reply.text('')
  } else if (args.count === 1) return reply.raw(PONG)
  if (args.count === 2) echo(_database, args, reply)
}

function echo(_database: Database, args: Arguments, reply: Reply): void {
  reply.bulk(args.bytes, args.start(1), args.end(1))
}

function select(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const index = readInt32(args, 1)
  if (!client.instance.hasDatabase(index)) throw BAD_DATABASE
  client.select(index)
  reply.ok()
}

function quit(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  client.action = Action.Close
  reply.ok()
}

function reset(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  endTransaction(client)
  client.instance.publisher.forget(client)
  client.select(0)
  client.name = ''
  client.protocol = 2
  reply.protocol = 2
  reply.simple('RESET')
}

/** The only user has no password. */
function auth(_database: Database, args: Arguments, reply: Reply): void {
  if (args.count > 3) throw SYNTAX_ERROR
  if (args.count === 2) throw NO_PASSWORD
  checkUser(args.text(1))
  reply.ok()
}

function checkUser(name: string): void {
  if (name !== 'default') throw WRONG_PASSWORD
}

function hello(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const protocol = args.count > 1 ? readProtocol(args) : client.protocol
  for (let index = 2; index < args.count; index++) {
    const word = args.word(index)
    if (word === 'auth' && index + 2 < args.count) {
      checkUser(args.text(index + 1))
      index += 2
    } else if (word === 'setname' && index + 1 < args.count) nameClient(client, args.text(++index))
    else throw new Refusal(`ERR Syntax error in HELLO option '${args.shown(index)}'`)
  }
  client.protocol = protocol
  reply.protocol = protocol
  introduce(reply, client)
}

function readProtocol(args: Arguments): 2 | 3 {
  const protocol = readInteger(args, 1, BAD_PROTOCOL)
  if (protocol !== 2 && protocol !== 3) throw UNSUPPORTED_PROTOCOL
  return protocol
}

function introduce(reply: Reply, client: Client): void {
  reply.map(7)
  reply.text('server')
  reply.text('redis')
  reply.text('version')
  reply.text(VERSION)
  reply.text('proto')
  reply.integer(client.protocol)
  reply.text('id')
  reply.integer(client.id)
  reply.text('mode')
  reply.text('standalone')
  reply.text('role')
  reply.text('master')
  reply.text('modules')
  reply.array(0)
}

export const CONNECTION: readonly Row[] = [
  ['auth', -2, 'noscript loading stale fast no_auth allow_busy', 0, 0, 0, auth],
  ['echo', 2, 'loading stale fast', 0, 0, 0, echo],
  ['hello', -1, 'noscript loading stale fast no_auth allow_busy', 0, 0, 0, hello],
  ['ping', -1, 'fast', 0, 0, 0, ping],
  ['quit', -1, 'noscript loading stale fast no_auth allow_busy', 0, 0, 0, quit],
  ['reset', 1, 'noscript loading stale fast no_auth allow_busy', 0, 0, 0, reset],
  ['select', 2, 'loading stale fast', 0, 0, 0, select],
]
