import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import { Glob } from '../glob.js'
import type { Database } from '../keyspace/database.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Command, Row } from './command.js'
import { container, type Subcommand } from './container.js'

const MANY = Number.POSITIVE_INFINITY

const INVALID = new Refusal('ERR Invalid command specified')
const KEYLESS = new Refusal('ERR The command has no key arguments')
const BAD_COUNT = new Refusal('ERR Invalid number of arguments specified for command')

/** COMMAND and its subcommands tell of the table that they are in themselves; so they are given it when it is made. */
export function catalogueOf(commands: () => readonly Command[]): readonly Row[] {
  const find = (name: string) => commands().find(command => command.name === name)

  function count(_database: Database, _args: Arguments, reply: Reply): void {
    reply.integer(commands().length)
  }

  function info(_database: Database, args: Arguments, reply: Reply): void {
    const asked = args.count > 2 ? words(args, 2).map(find) : commands()
    reply.array(asked.length)
    for (const command of asked) {
      if (command === undefined) reply.null()
      else describe(reply, command)
    }
  }

  function docs(_database: Database, args: Arguments, reply: Reply): void {
    const asked = args.count > 2 ? words(args, 2).map(find) : commands()
    const found = asked.filter(command => command !== undefined)
    reply.map(found.length)
    for (const { name, group } of found) {
      reply.text(name)
      reply.map(1)
      reply.text('group')
      reply.text(group)
    }
  }

  function list(_database: Database, args: Arguments, reply: Reply): void {
    const names = commands()
      .map(({ name }) => name)
      .filter(readFilter(args))
    reply.array(names.length)
    for (const name of names) reply.text(name)
  }

  function getkeys(_database: Database, args: Arguments, reply: Reply): void {
    const inner = args.tail(2)
    const command = find(inner.word(0))
    if (command === undefined) throw INVALID
    if (inner.count < command.least || inner.count > command.most) throw BAD_COUNT
    const keys = [...command.keys(inner)]
    if (keys.length === 0) throw KEYLESS
    reply.array(keys.length)
    for (const index of keys) reply.bulk(inner.bytes, inner.start(index), inner.end(index))
  }

  const subcommands: readonly Subcommand[] = [
    ['count', 2, 2, count],
    ['docs', 2, MANY, docs],
    ['getkeys', 4, MANY, getkeys],
    ['info', 2, MANY, info],
    ['list', 2, MANY, list],
  ]
  const withSubcommand = container('command', subcommands)
  const run = (database: Database, args: Arguments, reply: Reply, client: Client) =>
    args.count === 1 ? info(database, args, reply) : withSubcommand(database, args, reply, client)
  return [['command', -1, 'loading stale', 0, 0, 0, run]]
}

function words(args: Arguments, from: number): string[] {
  return Array.from({ length: args.count - from }, (_, at) => args.word(at + from))
}

function readFilter(args: Arguments): (name: string) => boolean {
  if (args.count === 2) return () => true
  if (args.count !== 5 || args.word(2) !== 'filterby' || args.word(3) !== 'pattern') throw SYNTAX_ERROR
  const pattern = new Glob(args.copy(4))
  return name => pattern.matches(Buffer.from(name))
}

function describe(reply: Reply, command: Command): void {
  reply.array(10)
  reply.text(command.name)
  reply.integer(command.arity)
  reply.set(command.flags.length)
  for (const flag of command.flags) reply.simple(flag)
  reply.integer(command.firstKey)
  reply.integer(command.lastKey)
  reply.integer(command.step)
  const categories = [command.group, command.writes ? 'write' : 'read', command.isFast ? 'fast' : 'slow']
  reply.set(categories.length)
  for (const category of categories) reply.simple(`@${category}`)
  // Tips, key specifications and subcommands.
  reply.array(0)
  reply.array(0)
  reply.array(0)
}
