import { Action } from 'revio'
import type { Arguments } from '../arguments.js'
import { type Client, Quiet } from '../client.js'
import type { Database } from '../keyspace/database.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { container, type Subcommand } from './container.js'
import { readInteger } from './reading.js'

const MANY = Number.POSITIVE_INFINITY

const BAD_NAME = new Refusal('ERR Client names cannot contain spaces, newlines or special characters.')
const NO_SUCH_CLIENT = new Refusal('ERR No such client')
const INVALID_ID = new Refusal('ERR Invalid client ID')
const BAD_ID = new Refusal('ERR client-id should be greater than 0')
const BAD_REASON = new Refusal('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')

/** @throws if the name has characters that would break the lines of CLIENT LIST. */
export function nameClient(client: Client, name: string): void {
  if (!/^[!-~]*$/.test(name)) throw BAD_NAME
  client.name = name
}

function setname(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  nameClient(client, args.text(2))
  reply.ok()
}

function getname(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  if (client.name === '') reply.null()
  else reply.text(client.name)
}

function id(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  reply.integer(client.id)
}

function setinfo(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const word = args.word(2)
  const value = args.text(3)
  if (!/^[!-~]*$/.test(value))
    throw new Refusal(`ERR ${word} cannot contain spaces, newlines or special characters.`)
  if (word === 'lib-name') client.library = value
  else if (word === 'lib-ver') client.libraryVersion = value
  else throw new Refusal(`ERR Unrecognized option '${args.shown(2)}'`)
  reply.ok()
}

function info(_database: Database, _args: Arguments, reply: Reply, client: Client): void {
  reply.verbatim(`${describe(client)}\n`)
}

function list(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const clients = [...client.instance.clients.values()]
  reply.verbatim(
    clients
      .filter(readFilter(args))
      .map(each => `${describe(each)}\n`)
      .join(''),
  )
}

function readFilter(args: Arguments): (client: Client) => boolean {
  if (args.count === 2) return () => true
  const word = args.word(2)
  if (word === 'type' && args.count === 4) return readType(args, 3)
  if (word !== 'id' || args.count < 4) throw SYNTAX_ERROR
  const ids = new Set<number>()
  for (let index = 3; index < args.count; index++) ids.add(readInteger(args, index, INVALID_ID))
  return client => ids.has(client.id)
}

function readType(args: Arguments, index: number): (client: Client) => boolean {
  const word = args.word(index)
  if (!['normal', 'master', 'replica', 'slave', 'pubsub'].includes(word)) {
    throw new Refusal(`ERR Unknown client type '${args.shown(index)}'`)
  }
  return client => word === (client.subscriptions > 0 ? 'pubsub' : 'normal')
}

function describe(client: Client): string {
  const { instance, ends } = client
  const fields = {
    id: client.id,
    addr: ends.remote,
    laddr: ends.local,
    name: client.name,
    age: Math.floor((instance.now() - client.since) / 1000),
    idle: Math.floor((instance.now() - client.lastSeen) / 1000),
    flags: flagsOf(client),
    db: client.databaseIndex,
    sub: client.channels.size,
    psub: client.patterns.size,
    multi: client.transaction?.queue.length ?? -1,
    qbuf: client.input.buffered,
    omem: instance.loop?.pending(client.id) ?? 0,
    cmd: client.lastCommand?.name ?? 'NULL',
    user: 'default',
    'lib-name': client.library,
    'lib-ver': client.libraryVersion,
    resp: client.protocol,
  }
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

function flagsOf(client: Client): string {
  const blocked = client.waiting === undefined ? '' : 'b'
  const inTransaction = client.transaction === undefined ? '' : 'x'
  const subscribed = client.subscriptions > 0 ? 'P' : ''
  return subscribed + inTransaction + blocked || 'N'
}

function kill(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  if (args.count === 3) {
    const found = [...client.instance.clients.values()].filter(each => each.ends.remote === args.text(2))
    if (found.length === 0) throw NO_SUCH_CLIENT
    for (const each of found) end(each, client)
    return reply.ok()
  }
  const matches = readVictims(args, client)
  const victims = [...client.instance.clients.values()].filter(matches)
  for (const victim of victims) end(victim, client)
  reply.integer(victims.length)
}

function readVictims(args: Arguments, self: Client): (client: Client) => boolean {
  const tests: ((client: Client) => boolean)[] = []
  let skipSelf = true
  if (args.count % 2 !== 0) throw SYNTAX_ERROR
  for (let index = 2; index < args.count; index += 2) {
    const value = args.text(index + 1)
    const word = args.word(index)
    if (word === 'id') tests.push(sameId(readInteger(args, index + 1, BAD_ID)))
    else if (word === 'addr') tests.push(client => client.ends.remote === value)
    else if (word === 'laddr') tests.push(client => client.ends.local === value)
    else if (word === 'type') tests.push(readType(args, index + 1))
    else if (word === 'skipme') skipSelf = value.toLowerCase() !== 'no'
    else if (word !== 'user') throw SYNTAX_ERROR
  }
  return client => !(skipSelf && client === self) && tests.every(test => test(client))
}

function sameId(wanted: number): (client: Client) => boolean {
  if (wanted < 1) throw BAD_ID
  return client => client.id === wanted
}

function end(victim: Client, self: Client): void {
  if (victim === self) self.action = Action.Close
  else victim.instance.loop?.send(victim.id, null, Action.Close)
}

function reply(_database: Database, args: Arguments, reply: Reply, client: Client): void {
  const word = args.word(2)
  if (word === 'on') {
    client.quiet = Quiet.No
    reply.ok()
  } else if (word === 'off') client.quiet = Quiet.Off
  else if (word !== 'skip') throw SYNTAX_ERROR
  else if (client.quiet !== Quiet.Off) client.quiet = Quiet.Next
}

function crowded(args: Arguments): Refusal {
  return new Refusal(
    `ERR unknown subcommand or wrong number of arguments for '${args.text(1)}'. Try CLIENT HELP.`,
  )
}

function unblock(_database: Database, args: Arguments, reply: Reply, { instance }: Client): void {
  if (args.count > 4) throw crowded(args)
  const word = args.count === 4 ? args.word(3) : 'timeout'
  if (word !== 'timeout' && word !== 'error') throw BAD_REASON
  const blocked = instance.clients.get(readInteger(args, 2))
  reply.flag(blocked !== undefined && instance.blocking.unblock(blocked, word === 'error'))
}

/** Memory has no limit here, so no client is evicted. */
function noEvict(_database: Database, args: Arguments, reply: Reply): void {
  if (!['on', 'off'].includes(args.word(2))) throw SYNTAX_ERROR
  reply.ok()
}

const CLIENT_SUBCOMMANDS: readonly Subcommand[] = [
  ['getname', 2, 2, getname],
  ['id', 2, 2, id],
  ['info', 2, 2, info],
  ['kill', 3, MANY, kill, 'admin'],
  ['list', 2, MANY, list, 'admin'],
  ['no-evict', 3, 3, noEvict, 'admin'],
  ['reply', 3, 3, reply],
  ['setinfo', 4, 4, setinfo],
  ['setname', 3, 3, setname],
  ['unblock', 3, MANY, unblock, 'admin'],
]

export const CLIENTS: readonly Row[] = [
  ['client', -2, 'noscript loading stale', 0, 0, 0, container('client', CLIENT_SUBCOMMANDS)],
]
