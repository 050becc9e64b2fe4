import type { Arguments } from '../arguments.js'
import { MAX_INTEGER } from '../numbers.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import { readBetween } from './reading.js'

/** With repetitions a sample could be longer than there is memory. */
const MOST = 2 ** 24
/** As many pairs as can be counted one by one; the check is Redis's. */
const MOST_PAIRS = 2 ** 62
const TOO_MANY = new Refusal('ERR value is out of range')

/**
 * The argument that says how many there are to be, 1 where there is none, and whether the word behind it is there, which
 * asks for something with each of them.
 */
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

/** Something that can be sampled: a dict, a sorted set. */
interface Population {
  readonly size: number
  random(): number
  each(visit: (entry: number) => void): void
}

/**
 * How many entries `sample` visits: so many different ones, or all where there are fewer. A negative count asks for that
 * many of which some may be the same.
 */
export function sampleSize({ size }: Population, count: number): number {
  if (size === 0) return 0
  if (count < -MOST) throw TOO_MANY
  return count < 0 ? -count : Math.min(count, size)
}

/** Calls `visit` with random entries, `sampleSize` of them. */
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
