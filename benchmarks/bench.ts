import { describe, flag, number, type OptionTable, type Values, valuesOf } from './options.js'
import type { Plan } from './plan.js'

/** A bench, selected by name. */
export interface Bench {
  readonly name: string
  readonly summary: string
  /** The help for its options. */
  readonly help: string
  /** Whether an option takes a value; undefined if the bench has no such option. */
  takesValue(name: string): boolean | undefined
  /** Reads the options. Throws a `UsageError` for an invalid one, a `MissingProgram` if the load can't be generated. */
  plan(given: ReadonlyMap<string, string>): Promise<Plan>
}

/** Options of every bench. */
export function common({ rounds, seconds, quick }: { rounds: number; seconds: number; quick: number }) {
  return {
    quick: flag('a short run: one round and fewer tests; its figures are for a glance, not for quoting'),
    write: flag('write the result to docs/benchmarks/, as Markdown and as a picture'),
    rounds: number('how often everything is measured', rounds, 1),
    seconds: number('how long one measurement is to take', seconds, quick, { fraction: true }),
  }
}

export function bench<Table extends OptionTable>(
  name: string,
  summary: string,
  options: Table,
  plan: (values: Values<Table>) => Plan | Promise<Plan>,
): Bench {
  const takesValue = (option: string) => {
    const found = options[option]
    return found && found.shape !== ''
  }
  return {
    name,
    summary,
    help: describe(options),
    takesValue,
    plan: async given => plan(valuesOf(options, given)),
  }
}
