import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import type { Database } from '../keyspace/database.js'
import { parseInteger } from '../numbers.js'
import type { Reply } from '../reply.js'
import { Container, type Subcommand, wrongCount } from './container.js'

/**
 * Executes a command: writes its reply to `reply`, or throws a `Refusal`. Most use only the database and the
 * arguments; some change the client or its instance.
 */
export type Run = (database: Database, args: Arguments, reply: Reply, client: Client) => void

/**
 * A row of the command table: name; number of arguments including the name, negative for a minimum; flags, as in
 * COMMAND INFO; the positions of its keys: the first, the last (negative: from the end) and the step between them; the
 * handler.
 */
export type Row = readonly [
  name: string,
  arity: number,
  flags: string,
  firstKey: number,
  lastKey: number,
  step: number,
  run: Run | Container,
]

export class Command {
  readonly name: string
  readonly arity: number
  readonly flags: readonly string[]
  readonly firstKey: number
  readonly lastKey: number
  readonly step: number
  readonly run: Run
  /** Its subcommands, if any, by their short names. Their full names have both parts: `config|get`. */
  readonly subcommands: ReadonlyMap<string, Command> | undefined
  /** Its group in COMMAND DOCS. */
  readonly group: string
  /** The number of arguments, including the name. */
  readonly least: number
  readonly most: number
  /** It modifies data. */
  readonly writes: boolean
  readonly isFast: boolean
  /** An argument gives the number of keys: after the first key or the timeout, or as the first argument. */
  readonly movable: boolean
  /** It can't be part of a transaction. */
  readonly alone: boolean
  /** It is executed at once, even between MULTI and EXEC. */
  readonly immediate: boolean
  /** A subscribed client may use it even in RESP2. */
  readonly whileSubscribed: boolean
  /** Its replies confirm subscriptions. */
  readonly subscribes: boolean

  constructor(group: string, row: Row, most = MANY) {
    const [name, arity, , , , , run] = row
    const [, , flags, firstKey, lastKey, step] =
      run instanceof Container && run.alone === undefined ? NOTHING : row
    this.name = name
    this.group = group
    this.arity = arity
    this.flags = flags.split(' ').filter(flag => flag !== '')
    this.firstKey = firstKey
    this.lastKey = lastKey
    this.step = step
    this.run = run instanceof Container ? (run.alone ?? missingSubcommand(name)) : run
    this.subcommands = run instanceof Container ? split(group, row, run.subcommands) : undefined
    this.movable = this.flags.includes('movablekeys') && !name.startsWith('sort')
    this.least = Math.abs(arity)
    this.most = arity < 0 ? Math.min(most, MANY) : arity
    this.writes = this.flags.includes('write')
    this.isFast = this.flags.includes('fast')
    this.alone = this.flags.includes('no_multi')
    this.immediate = IMMEDIATE.has(name)
    this.subscribes = SUBSCRIBING.has(name)
    this.whileSubscribed = this.subscribes || WHILE_SUBSCRIBED.has(name)
  }

  /** The positions of the keys among the arguments. */
  *keys(args: Arguments): Generator<number> {
    if (this.firstKey > 0) {
      const last = this.lastKey < 0 ? args.count + this.lastKey : this.lastKey
      for (let index = this.firstKey; index <= last && index < args.count; index += this.step) yield index
    }
    if (this.name === 'sort') yield* storeKey(args)
    const count = this.movable ? this.keyCount(args) : 0
    const first = this.#keyCountAt + 1
    for (let index = first; index < first + (count ?? 0); index++) yield index
  }

  /** The number of keys that an argument gives; `undefined` if it is invalid. */
  keyCount(args: Arguments): number | undefined {
    const at = this.#keyCountAt
    const count = at < args.count ? parseInteger(args.bytes, args.start(at), args.end(at)) : undefined
    return typeof count === 'number' && count > 0 && count < args.count - at ? count : undefined
  }

  /** The position of that argument: after the key or the timeout, if one comes first. */
  get #keyCountAt(): number {
    return this.flags.includes('blocking') ? 2 : this.firstKey + 1
  }
}

/** A command that consists of subcommands has no handler, flags or keys of its own: those are in their rows. */
const NOTHING = ['', 0, '', 0, 0, 0] as const

function split(group: string, row: Row, subcommands: readonly Subcommand[]): ReadonlyMap<string, Command> {
  return new Map(
    subcommands.map(([name, least, most, run, more = '']) => {
      const [container, , usual, ...keys] = row
      const arity = least === most ? least : -least
      const [flags, firstKey, lastKey, step] =
        name === 'help' ? (['loading stale', 0, 0, 0] as const) : ([`${usual} ${more}`, ...keys] as const)
      const own: Row = [`${container}|${name}`, arity, flags, firstKey, lastKey, step, run]
      return [name, new Command(group, own, most)]
    }),
  )
}

function missingSubcommand(name: string): Run {
  return () => {
    throw wrongCount(name)
  }
}

/** The key after STORE; the last one counts. */
function* storeKey(args: Arguments): Generator<number> {
  for (let index = args.count - 2; index > 1; index--) {
    if (args.word(index) === 'store') return yield index + 1
  }
}

/** More arguments than a command can have. A small integer, like the others: comparing doubles takes longer. */
const MANY = 2 ** 31 - 1

const IMMEDIATE = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset'])
const SUBSCRIBING = new Set([
  'psubscribe',
  'punsubscribe',
  'ssubscribe',
  'subscribe',
  'sunsubscribe',
  'unsubscribe',
])
const WHILE_SUBSCRIBED = new Set(['ping', 'quit', 'reset'])
