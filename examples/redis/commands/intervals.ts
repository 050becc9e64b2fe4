import type { Arguments } from '../arguments.js'
import { compare, NOWHERE, type Span } from '../bytes.js'
import type { SortedSet } from '../keyspace/sorted-set.js'
import { parseBound } from '../numbers.js'
import { Refusal } from '../refusal.js'
import { LONGEST_FLOAT, readRange } from './reading.js'

const NO_SCORE = new Refusal('ERR min or max is not a float')
const NO_MEMBER = new Refusal('ERR min or max not valid string range item')

/** The positions `[from, to)` in a sorted set that an interval selects. */
export type Interval = (set: SortedSet) => { from: number; to: number }

/** How to select members: by position, by score, or by bytes among members with the same score. */
export type By = 'rank' | 'score' | 'lex'

const member: Span = { ...NOWHERE }

/**
 * Up to this many members, Redis scans linearly for a range of bytes. If scores differ, bytes have no order, and a
 * scan finds something else than a search.
 */
const FEW = 128

/** The interval given by the arguments at `low` and `high`; `backwards`: to be read from its end. */
export function readInterval(
  args: Arguments,
  low: number,
  high: number,
  by: By,
  backwards = false,
): Interval {
  if (by === 'rank') return readRanks(args, low)
  const isBelow = by === 'score' ? readScore(args, low, false) : readMember(args, low, false)
  const isWithin = by === 'score' ? readScore(args, high, true) : readMember(args, high, true)
  return set => {
    if (by === 'lex' && set.size <= FEW) return lookThrough(set, isBelow, isWithin, backwards)
    const from = set.partition((score, entry) => isBelow(score, set.member(entry, member)))
    const to = set.partition((score, entry) => isWithin(score, set.member(entry, member)))
    return { from, to: Math.max(from, to) }
  }
}

function lookThrough(set: SortedSet, isBelow: IsBefore, isWithin: IsBefore, backwards: boolean) {
  const entries = set.slice(0, set.size)
  const asks = (is: IsBefore) => (at: number) => is(0, set.member(entries[at] ?? 0, member))
  const [below, within] = [asks(isBelow), asks(isWithin)]
  if (set.size === 0 || below(set.size - 1) || !within(0)) return { from: 0, to: 0 }
  let from = 0
  let to = set.size
  if (backwards) {
    while (to > 0 && !within(to - 1)) to--
    from = to
    while (from > 0 && !below(from - 1)) from--
  } else {
    while (from < to && below(from)) from++
    to = from
    while (to < set.size && within(to)) to++
  }
  return { from, to }
}

function readRanks(args: Arguments, index: number): Interval {
  const range = readRange(args, index)
  return set => range.of(set.size)
}

/** Whether a member comes before a bound. */
type IsBefore = (score: number, member: Span) => boolean

/** Parses a bound: `1.5`, `(1.5` to exclude the score, `-inf` or `+inf`. `after`: the position is after that score. */
function readScore(args: Arguments, index: number, after: boolean): IsBefore {
  if (args.length(index) > LONGEST_FLOAT) throw NO_SCORE
  // Parsed as in C: up to a NUL, with leading blanks, and an empty string is 0.
  const [text = ''] = args.text(index).split('\0')
  const exclusive = text.startsWith('(')
  const number = (exclusive ? text.slice(1) : text).replace(/^[\t-\r ]+(?=.)/s, '')
  const bound = number === '' ? 0 : parseBound(number)
  if (bound === undefined) throw NO_SCORE
  return after === exclusive ? score => score < bound : score => score <= bound
}

/** Parses a bound: `[abc`, `(abc` to exclude the member, `-` or `+`. `after`: the position is after that member. */
function readMember(args: Arguments, index: number, after: boolean): IsBefore {
  const span = args.span(index)
  const first = String.fromCharCode(span.bytes.buffer[span.start] ?? 0)
  const isAlone = args.length(index) === 1 || span.bytes.buffer[span.start + 1] === 0
  if (isAlone && first === '-') return () => false
  if (isAlone && first === '+') return () => true
  const exclusive = first === '('
  if (args.length(index) === 0 || (!exclusive && first !== '[')) throw NO_MEMBER
  const bound = { ...span, start: span.start + 1 }
  return after === exclusive
    ? (_score, other) => compare(other, bound) < 0
    : (_score, other) => compare(other, bound) <= 0
}
