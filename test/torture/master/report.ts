import { cpus, loadavg, release, totalmem, type } from 'node:os'
import type { TortureOptions } from '../options.js'
import { inMiB } from './leftover.js'
import type { Outcome } from './outcome.js'

type Line = readonly [label: string, value: (outcome: Outcome) => string]

const LINES: readonly Line[] = [
  ['connections opened', ({ counts }) => count(counts.opened)],
  ['closed + detached', ({ counts }) => `${count(counts.closed)} + ${count(counts.detached)}`],
  ['judged from both sides', ({ judged }) => count(judged)],
  ['bytes checked', ({ bytes }) => amount(bytes)],
  ['reset or dropped by the client', ({ resets }) => count(resets)],
  ['client processes killed', ({ killed }) => count(killed)],
  ['handlers that threw', ({ counts }) => count(counts.throws)],
  ['timeouts (`ETIMEDOUT`)', ({ counts }) => count(counts.codes.ETIMEDOUT ?? 0)],
  ['other errors in `closed`', ({ counts }) => otherCodes(counts.codes)],
  ['limit of descriptors', ({ plan }) => count(plan.descriptors)],
  ['times none was left, and accepting waited', ({ counts }) => count(counts.pauses)],
  [
    'longest that a free one was not used meanwhile',
    ({ room }) => (room.count > 0 ? ms(room.longest) : 'nobody waited'),
  ],
  ['turned away meanwhile', ({ turnedAway }) => count(turnedAway)],
  ['descriptors before, after', ({ before, last }) => `${before.descriptors}, ${last.descriptors}`],
  ['heap and buffers after the first round, after the last', held],
  ['resident memory after the first round, after the last', resident],
  ['answers to well-behaved clients', ({ waits }) => count(waits.count)],
  ['their wait in the worst round: median, 99 %', ({ waits }) => `${ms(waits.median)}, ${ms(waits.p99)}`],
  ['longest wait of a well-behaved client', ({ waits }) => ms(waits.longest)],
  ['the same, without what the machine kept it or the server waiting', ({ waits }) => ms(waits.longestBare)],
  ['duration', ({ seconds, plan }) => `${Math.round(seconds)} s, ${plan.rounds} rounds`],
  ['promises broken', ({ violations }) => count(violations.length)],
]

/** Measured only with well-behaved clients. */
const SHORT_LEAVES_OUT = /well-behaved|their wait|the same|free one|threw|killed/

/** The table in Markdown: a column for each transport. */
export function table(outcomes: readonly Outcome[], { short }: Pick<TortureOptions, 'short'>): string {
  const lines = LINES.filter(([label]) => short === 0 || !SHORT_LEAVES_OUT.test(label))
  const rows = [
    ['', ...outcomes.map(({ transport }) => `${transport}`)],
    ['---', ...outcomes.map(() => '---:')],
    ...lines.map(([label, value]) => [label, ...outcomes.map(value)]),
  ]
  return rows.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** The machine, and its load. */
export function describeMachine(): string {
  const cores = cpus()
  const model = cores[0]?.model.trim() || 'unknown processor'
  const load = `load average ${loadavg()[0]?.toFixed(1)} at the start`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${model}, ${cores.length} cores, ${memory}, ${load}, ${type()} ${release()}`
}

/** What else a reader needs to interpret the figures. */
export function caption(args: readonly string[], seed: number, date = new Date()): string {
  const command = ['npm run torture', ...(args.length > 0 ? ['--'] : []), ...args].join(' ')
  return `Node.js ${process.versions.node}, ${date.toISOString().slice(0, 10)}, \`${command}\`, seed ${seed}.`
}

function held({ first, last }: Outcome): string {
  return [first, last].map(({ memory }) => inMiB(memory.heap + memory.buffers)).join(', ')
}

function resident({ first, last }: Outcome): string {
  return [first, last].map(({ memory }) => inMiB(memory.rss)).join(', ')
}

function otherCodes(codes: Readonly<Record<string, number>>): string {
  const others = Object.entries(codes).filter(([code]) => code !== 'ETIMEDOUT')
  return others.map(([code, times]) => `${code} ${count(times)}`).join(', ') || 'none'
}

export function count(number: number): string {
  return number.toLocaleString('en').replaceAll(',', ' ')
}

export function amount(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}

function ms(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(microseconds < 10_000 ? 2 : 0)} ms`
}
