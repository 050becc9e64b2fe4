/** An error in the command line; its message is all that the user needs to see. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** An option `--name value` of a bench: its parser and default. */
export interface Option<Value> {
  /** The form of its value in the help: `N`, `A,B`; empty for a flag. */
  readonly shape: string
  readonly help: string
  readonly fallback: Value
  /** Its value with `--quick`. */
  readonly quick: Value
  /** Throws a `UsageError` that names `name` and what is wrong with `text`. */
  parse(name: string, text: string): Value
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>

export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never
}

/** A positive number, an integer unless `fraction` is set. */
export function number(
  help: string,
  fallback: number,
  quick = fallback,
  { fraction = false, zero = false } = {},
): Option<number> {
  const parse = (name: string, text: string) => {
    const value = Number(text)
    const fits = Number.isFinite(value) && (value > 0 || (zero && value === 0))
    if (!fits || text.trim() === '' || !(fraction || Number.isSafeInteger(value))) {
      const kind = fraction
        ? 'a positive number'
        : zero
          ? 'a whole number, 0 or more'
          : 'a whole number, 1 or more'
      throw new UsageError(`--${name} takes ${kind}, not '${text}'`)
    }
    return value
  }
  return { shape: 'N', help, fallback, quick, parse }
}

/** Integers: `1,16,32`. */
export function numbers(help: string, fallback: number[], quick = fallback): Option<number[]> {
  const one = number('', 1)
  const parse = (name: string, text: string) => text.split(',').map(part => one.parse(name, part))
  return { shape: 'N,N', help, fallback, quick, parse }
}

/** One of a few words. */
export function choice<Word extends string>(
  help: string,
  words: readonly [Word, ...Word[]],
  quick: Word = words[0],
): Option<Word> {
  const parse = (name: string, text: string) => {
    const word = words.find(known => known === text)
    if (word === undefined) throw new UsageError(`--${name} takes ${words.join(' or ')}, not '${text}'`)
    return word
  }
  return { shape: words.join('|'), help, fallback: words[0], quick, parse }
}

/** Some of the known words, `a,b`; by default all, or those in `fallback`. */
export function some(help: string, known: readonly string[], fallback = known): Option<readonly string[]> {
  const parse = (name: string, text: string) => {
    const words = text.split(',').map(word => word.trim())
    const unknown = words.find(word => !known.includes(word))
    if (unknown !== undefined) throw new UsageError(`--${name} knows ${known.join(', ')}, not '${unknown}'`)
    return known.filter(word => words.includes(word))
  }
  return { shape: 'A,B', help, fallback, quick: fallback, parse }
}

/** Present or not. */
export function flag(help: string): Option<boolean> {
  const parse = (name: string, text: string) => {
    if (text !== '') throw new UsageError(`--${name} takes no value, not '${text}'`)
    return true
  }
  return { shape: '', help, fallback: false, quick: false, parse }
}

/**
 * Separates `--name value`, `--name=value` and `--flag` from other words. `takesValue` returns undefined for an
 * unknown name.
 */
export function readArguments(args: readonly string[], takesValue: (name: string) => boolean | undefined) {
  const words: string[] = []
  const given = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (!arg.startsWith('-')) {
      words.push(arg)
      continue
    }
    const [, name, value] = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(arg) ?? []
    if (name === undefined) throw new UsageError(`'${arg}' is no option; see --help`)
    if (takesValue(name) === undefined) throw new UsageError(`there is no option --${name}; see --help`)
    if (given.has(name)) throw new UsageError(`--${name} is given twice`)
    if (value !== undefined || !takesValue(name)) given.set(name, value ?? '')
    else given.set(name, valueAfter(args, i++, name))
  }
  return { words, given }
}

function valueAfter(args: readonly string[], at: number, name: string): string {
  const value = args[at + 1]
  if (value === undefined || value.startsWith('--'))
    throw new UsageError(`--${name} needs a value; see --help`)
  return value
}

/** The values of a table's options. Throws a `UsageError` for a name that is not in the table. */
export function valuesOf<Table extends OptionTable>(
  table: Table,
  given: ReadonlyMap<string, string>,
): Values<Table> {
  const quick = given.has('quick')
  for (const name of given.keys()) {
    if (table[name] === undefined) throw new UsageError(`--${name} is not an option here; see --help`)
  }
  const entries = Object.entries(table).map(([name, option]) => {
    const text = given.get(name)
    return [name, text === undefined ? (quick ? option.quick : option.fallback) : option.parse(name, text)]
  })
  return Object.fromEntries(entries) as Values<Table>
}

/** The lines of the help for a table. */
export function describe(table: OptionTable): string {
  const rows = Object.entries(table).map(
    ([name, option]) => [`--${name} ${option.shape}`.trimEnd(), option] as const,
  )
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows
    .map(([left, option]) => `  ${left.padEnd(width)}  ${option.help}${fallbackOf(option)}`)
    .join('\n')
}

function fallbackOf({ fallback, quick }: Option<unknown>): string {
  if (typeof fallback === 'boolean') return ''
  const short = String(quick) === String(fallback) ? '' : `, with --quick ${String(quick)}`
  return ` (${String(fallback)}${short})`
}
