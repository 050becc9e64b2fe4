import type { Outcome, Plan } from './plan.js'
import { type Table, tableOf } from './table.js'

/** The result as text for a terminal. */
export function report(plan: Plan, outcome: Outcome, caption: readonly string[]): string {
  const rounds = plan.rounds === 1 ? 'one round' : `medians of ${plan.rounds} rounds [min - max]`
  const lines = [
    `${plan.title}: ${plan.conditions}; ${rounds}`,
    '',
    ...aligned(tableOf(plan, outcome)),
    '',
    ...caption,
  ]
  for (const note of outcome.skipped) lines.push(`skipped: ${note}`)
  for (const note of outcome.failed) lines.push(`FAILED: ${note}`)
  return lines.join('\n')
}

/** Aligned columns: words to the left, figures to the right; repeats no test's name. */
export function aligned({ head, rows, words }: Table): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, i) =>
      i < words ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    )
    return padded.join('  ').trimEnd()
  }
  const body = rows.map((row, i) => line(row[0] === rows[i - 1]?.[0] ? ['', ...row.slice(1)] : row))
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...body]
}
