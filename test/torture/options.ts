import { parseArgs } from 'node:util'
import { FAULTS, type Fault } from './messages.js'

export interface TortureOptions {
  readonly seconds: number
  readonly seed: number
  readonly transports: readonly Transport[]
  readonly connections: number
  /** This many connections with one request each, instead of a timed run; 0 for a timed run. */
  readonly short: number
  readonly quick: boolean
  readonly write: boolean
  readonly fault: Fault | undefined
}

export type Transport = 'native' | 'net'

/** An error in the command line; its message is all that the user needs to see. */
export class UsageError extends Error {}

export const HELP = `npm run torture -- [options]

Runs an echo server made with revio, under a small limit of descriptors, against client processes that send, stop,
half-close, reset, flood, dribble and vanish. Every byte and every event is checked. Ends with a table; exits with 1,
and a line for each, when a promise was broken.

  --seconds N      how long to run, on each transport (180, with --quick 3)
  --seed S         a number: the same one makes the same choices (one of the clock's)
  --transport T    native, net or both (both, where there is a native one)
  --connections N  how many are open at once, storms not counted (300, with --quick 100)
  --short N        instead: N connections of one question each, as fast as they go
  --quick          a short run, for a look
  --write          puts the table into docs/reliability.md
  --fault F        a server that does wrong on purpose, to see it found: ${FAULTS.join(', ')}
  --help           this`

const SHAPE = {
  seconds: { type: 'string' },
  seed: { type: 'string' },
  transport: { type: 'string', default: 'both' },
  connections: { type: 'string' },
  short: { type: 'string' },
  quick: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  fault: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/**
 * Parses the command line; undefined if it requests help.
 *
 * @throws `UsageError`, naming the option and what is wrong with it.
 */
export function readOptions(args: readonly string[]): TortureOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const { quick, write, transport, fault } = values
  return {
    seconds: whole('seconds', values.seconds, quick ? 3 : 180, 1),
    seed: whole('seed', values.seed, Date.now() % 2 ** 31, 0),
    transports: transport === 'both' ? ['native', 'net'] : [oneOf('transport', transport, ['native', 'net'])],
    connections: whole('connections', values.connections, quick ? 100 : 300, 10),
    short: whole('short', values.short, 0, 1),
    quick,
    write,
    fault: fault === undefined ? undefined : oneOf('fault', fault, FAULTS),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: SHAPE, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}; see --help`)
  }
}

function whole(name: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= Number.MAX_SAFE_INTEGER) return value
  throw new UsageError(`--${name} takes a whole number from ${least}, not '${text}'`)
}

function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find(known => known === text)
  if (word !== undefined) return word
  throw new UsageError(`--${name} takes ${words.join(', ')}, not '${text}'`)
}
