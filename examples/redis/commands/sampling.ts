import type { Arguments } from '../arguments.js'
import { MAX_INTEGER } from '../numbers.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import { readBetween } from './reading.js'

/** With repetitions, a sample could exceed the available memory. */
const MOST = 2 ** 24
/** The limit on pairs, as Redis checks it. */
const MOST_PAIRS = 2 ** 62
const TOO_MANY = new Refusal('ERR value is out of range')

/** The number of samples, 1 if absent, and whether the word after it is present, which requests more about each. */
export function readSample(
  args: Arguments,
  index: number,
  word?: string,
): { count: number; paired: boolean } {
  const count = args.count > index ? readBetween(args, index, -MAX_INTEGER, MAX_INTEGER) : 1
  const paired = args.count > index + 1
  if (args.count > index + 2 || (paired && args.word(index + 1) !== word)) throw SYNTAX_ERROR
  if (paired && Math.abs(count) > MOST_PAIRS) throw TOO_MANY
  return { count, paired }
}

/** A collection to sample: a dict or a sorted set. */
interface Population {
  readonly size: number
  random(): number
  each(visit: (entry: number) => void): void
}

/**
 * How many entries `sample` visits: this many different ones, or all if there are fewer. A negative count requests
 * that many with possible repetitions.
 */
export function sampleSize({ size }: Population, count: number): number {
  if (size === 0) return 0
  if (count < -MOST) throw TOO_MANY
  return count < 0 ? -count : Math.min(count, size)
}

/** Calls `visit` with `sampleSize` random entries. */
export function sample(population: Population, count: number, visit: (entry: number) => void): void {
  const size = sampleSize(population, count)
  if (count < 0) for (let left = size; left > 0; left--) visit(population.random())
  else if (2 * size < population.size) pick(population, size, visit)
  else shuffle(population).slice(0, size).forEach(visit)
}

function pick(population: Population, count: number, visit: (entry: number) => void): void {
  const chosen = new Set<number>()
  while (chosen.size < count) {
    const entry = population.random()
    if (chosen.has(entry)) continue
    chosen.add(entry)
    visit(entry)
  }
}

function shuffle(population: Population): number[] {
  const all: number[] = []
  population.each(entry => all.push(entry))
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    const entry = all[other] as number
    all[other] = all[at] as number
    all[at] = entry
  }
  return all
}
