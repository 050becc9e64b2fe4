import type { Arguments } from '../arguments.js'
import { Glob } from '../glob.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Command, Row, Run } from './command.js'
import { container, type Subcommand } from './container.js'

const MANY = Number.POSITIVE_INFINITY

const INVALID = new Refusal('ERR Invalid command specified')
const KEYLESS = new Refusal('ERR The command has no key arguments')
const BAD_ARGUMENTS = new Refusal('ERR Invalid arguments specified for command')
const BAD_COUNT = new Refusal('ERR Invalid number of arguments specified for command')

/** COMMAND and its subcommands describe the table that contains them, so they receive it when it is made. */
export function catalogueOf(commands: () => readonly Command[]): readonly Row[] {
  const of =
    (tell: Tell): Run =>
    (_database, args, reply) =>
      tell(commands(), args, reply)
  const subcommands: readonly Subcommand[] = [
    ['count', 2, 2, of(count)],
    ['docs', 2, MANY, of(docs)],
    ['getkeys', 4, MANY, of(getkeys)],
    ['info', 2, MANY, of(info)],
    ['list', 2, MANY, of(list)],
  ]
  return [['command', -1, 'loading stale', 0, 0, 0, container('command', subcommands, of(info))]]
}

/** Replies from the table of commands. */
type Tell = (commands: readonly Command[], args: Arguments, reply: Reply) => void

function count(commands: readonly Command[], _args: Arguments, reply: Reply): void {
  reply.integer(commands.length)
}

function info(commands: readonly Command[], args: Arguments, reply: Reply): void {
  const asked = askedFor(commands, args)
  reply.array(asked.length)
  for (const command of asked) {
    if (command === undefined) reply.null()
    else describe(reply, command)
  }
}

function docs(commands: readonly Command[], args: Arguments, reply: Reply): void {
  const found = askedFor(commands, args).filter(command => command !== undefined)
  reply.map(found.length)
  for (const { name, group } of found) {
    reply.text(name)
    reply.map(1)
    reply.text('group')
    reply.text(group)
  }
}

function list(commands: readonly Command[], args: Arguments, reply: Reply): void {
  const names = commands.flatMap(namesOf).filter(readFilter(args))
  reply.array(names.length)
  for (const name of names) reply.text(name)
}

/** The name of a command, and those of its subcommands. */
function namesOf({ name, subcommands }: Command): string[] {
  return [name, ...[...(subcommands?.values() ?? [])].map(each => each.name)]
}

function getkeys(commands: readonly Command[], args: Arguments, reply: Reply): void {
  const inner = args.tail(2)
  const named = commands.find(({ name }) => name === inner.name(0))
  const command =
    named?.subcommands === undefined || inner.count === 1 ? named : named.subcommands.get(inner.name(1))
  if (command === undefined) throw INVALID
  if (command.firstKey === 0 && !command.movable) throw KEYLESS
  if (inner.count < command.least || inner.count > command.most) throw BAD_COUNT
  const keys = [...command.keys(inner)]
  if (keys.length === 0 || (command.movable && command.keyCount(inner) === undefined)) throw BAD_ARGUMENTS
  reply.array(keys.length)
  for (const index of keys) reply.bulk(inner.bytes, inner.start(index), inner.end(index))
}

/** The commands with the given names, each of which may not exist; without names, all. */
function askedFor(commands: readonly Command[], args: Arguments): readonly (Command | undefined)[] {
  return args.count > 2 ? words(args, 2).map(name => find(commands, name)) : commands
}

/** The command with a name, which may be a subcommand's: `config|get`. */
function find(commands: readonly Command[], name: string): Command | undefined {
  const [first = '', second] = name.split('|')
  const command = commands.find(each => each.name === first)
  return second === undefined ? command : command?.subcommands?.get(second)
}

function words(args: Arguments, from: number): string[] {
  return Array.from({ length: args.count - from }, (_, at) => args.name(at + from))
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
