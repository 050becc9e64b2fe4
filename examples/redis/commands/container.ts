import type { Arguments } from '../arguments.js'
import { Refusal } from '../refusal.js'
import type { Run } from './command.js'

/**
 * A subcommand's name, how few and how many arguments there may be with both names, what it does, and which flags it has
 * besides those of its command's row.
 */
export type Subcommand = readonly [name: string, least: number, most: number, run: Run, flags?: string]

/** What a command does that consists of subcommands, of which HELP tells the names. */
export class Container {
  readonly subcommands: readonly Subcommand[]
  /** What it does without a subcommand, where it may be without. */
  readonly alone: Run | undefined

  constructor(subcommands: readonly Subcommand[], alone: Run | undefined) {
    this.subcommands = subcommands
    this.alone = alone
  }
}

export function container(name: string, subcommands: readonly Subcommand[], alone?: Run): Container {
  return new Container([...subcommands, ['help', 2, 2, help(name, subcommands)]], alone)
}

export function wrongCount(name: string): Refusal {
  return new Refusal(`ERR wrong number of arguments for '${name}' command`)
}

/** What is said of a subcommand that takes so many arguments, but not these. */
export function wrongUse(name: string, args: Arguments): Refusal {
  const use = `unknown subcommand or wrong number of arguments for '${args.shown(1, 128)}'`
  return new Refusal(`ERR ${use}. Try ${name.toUpperCase()} HELP.`)
}

function help(name: string, subcommands: readonly Subcommand[]): Run {
  return (_database, _args, reply) => {
    reply.array(subcommands.length + 1)
    reply.simple(`${name.toUpperCase()} <subcommand> [<argument> ...]. Its subcommands:`)
    for (const [subcommand] of subcommands) reply.simple(subcommand.toUpperCase())
  }
}
