import type { Outcome, Plan } from './plan.js'
import { type Table, tableOf } from './table.js'

/** The result as a page of docs/benchmarks/, next to its chart. */
export function markdown(plan: Plan, outcome: Outcome, caption: readonly string[]): string {
  const [machine, versions, run] = caption
  const rounds =
    plan.rounds === 1 ? 'One round.' : `Medians of ${plan.rounds} interleaved rounds, [min - max].`
  const notes = [...outcome.skipped, ...outcome.failed].map(note => `- Left out: ${escaped(note)}`)
  return [
    `# ${plan.title}`,
    '',
    `![${plan.title}](${plan.name}.svg)`,
    '',
    `${plan.conditions}. ${rounds}`,
    '',
    ...grid(tableOf(plan, outcome)),
    '',
    ...(notes.length > 0 ? [...notes, ''] : []),
    ...(plan.notes ?? []).flatMap(note => [note, '']),
    `Machine: ${machine}.  `,
    `Versions: ${versions}.  `,
    `Run: ${run}.`,
    '',
    'How to run it and how to read it: [benchmarks/README.md](../../benchmarks/README.md).',
    '',
  ].join('\n')
}

function grid({ head, rows, words }: Table): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i < words ? '---' : '---:'))), ...rows.map(line)]
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
