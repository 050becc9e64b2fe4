import { ratio } from './format.js'
import type { Metric, Outcome, Plan, Row } from './plan.js'
import { ratios, type Spread, spread } from './statistics.js'

/** The cells of a result, for the terminal and for Markdown. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** How many columns on the left contain words rather than figures. */
  readonly words: number
}

export function tableOf(plan: Plan, outcome: Outcome): Table {
  const bases = plan.bases.filter(base => outcome.rows.some(row => row.server === base))
  const columns = plan.metrics
    .map(metric => figures(metric))
    .concat(
      plan.metrics.flatMap(metric => basesOf(metric, bases).map(base => comparison(metric, base, outcome))),
    )
  return {
    head: ['test', 'server', ...columns.map(({ title }) => title)],
    rows: outcome.rows.map(row => [
      `${row.trial}, ${row.group}`,
      row.server,
      ...columns.map(({ cell }) => cell(row)),
    ]),
    words: 2,
  }
}

interface Column {
  readonly title: string
  cell(row: Row): string
}

function figures({ key, title, format, spread: shown }: Metric): Column {
  return { title, cell: row => withSpread(spread(valuesOf(row, key)), format, shown === true) }
}

function comparison({ key, title }: Metric, base: string, outcome: Outcome): Column {
  const cell = (row: Row) => {
    const other = outcome.rows.find(({ server, trial, group }) => {
      return server === base && trial === row.trial && group === row.group
    })
    const found = other && ratios(valuesOf(row, key), valuesOf(other, key))
    return found === undefined ? '-' : withSpread(found, ratio, row.server !== base)
  }
  return { title: `${title} / ${base}`, cell }
}

function basesOf({ ratios }: Metric, bases: readonly string[]): readonly string[] {
  return ratios === 'all' ? bases : ratios === 'first' ? bases.slice(0, 1) : []
}

export function valuesOf(row: Row, key: string): number[] {
  return row.samples.map(sample => sample[key] ?? Number.NaN)
}

function withSpread({ median, min, max }: Spread, format: (value: number) => string, shown: boolean): string {
  if (!shown || min === max || Number.isNaN(median)) return format(median)
  // A unit appears once, after the median.
  return `${format(median)} [${format(min)} - ${format(max)}]`
}
