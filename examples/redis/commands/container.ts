import type { Arguments } from '../arguments.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Run } from './command.js'

/** A subcommand's name, how few and how many arguments there may be with both names, and what it does. */
export type Subcommand = readonly [name: string, least: number, most: number, run: Run]

/** A command that consists of subcommands, of which HELP tells the names. */
export function container(name: string, subcommands: readonly Subcommand[]): Run {
  const byName = new Map(subcommands.map(subcommand => [subcommand[0], subcommand]))
  return (database, args, reply, client) => {
    const word = args.word(1)
    const subcommand = byName.get(word)
    if (subcommand === undefined) {
      if (word === 'help' && args.count === 2) return help(name, subcommands, reply)
      throw unknown(name, args)
    }
    const [, least, most, run] = subcommand
    if (args.count < least || args.count > most) throw wrongCount(`${name}|${word}`)
    run(database, args, reply, client)
  }
}

export function wrongCount(name: string): Refusal {
  return new Refusal(`ERR wrong number of arguments for '${name}' command`)
}

function unknown(name: string, args: Arguments): Refusal {
  return new Refusal(`ERR unknown subcommand '${args.text(1)}'. Try ${name.toUpperCase()} HELP.`)
}

function help(name: string, subcommands: readonly Subcommand[], reply: Reply): void {
  reply.array(subcommands.length + 1)
  reply.simple(`${name.toUpperCase()} <subcommand> [<argument> ...]. Its subcommands:`)
  for (const [subcommand] of subcommands) reply.simple(subcommand.toUpperCase())
}
