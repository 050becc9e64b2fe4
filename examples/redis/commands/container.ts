import type { Arguments } from '../arguments.js'
import { Refusal } from '../refusal.js'
import type { Run } from './command.js'

/**
 * A subcommand's name, its minimum and maximum number of arguments including both names, its handler, and its flags in
 * addition to those of its command's row.
 */
export type Subcommand = readonly [name: string, least: number, most: number, run: Run, flags?: string]

/** The handler of a command with subcommands, whose names HELP lists. */
export class Container {
  readonly subcommands: readonly Subcommand[]
  /** The handler without a subcommand, if that is allowed. */
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

/** The error for a wrong number of arguments. */
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
