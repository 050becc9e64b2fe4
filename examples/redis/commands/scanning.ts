import type { Arguments } from '../arguments.js'
import { Glob } from '../glob.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import { readInteger } from './reading.js'

const INVALID_CURSOR = new Refusal('ERR invalid cursor')
const STAR = 42
const USUAL_COUNT = 10

/** The arguments of SCAN and its variants. */
export interface Scan {
  count: number
  match: Glob | undefined
  type: string | undefined
}

/** Parses the options after the cursor at `index`; TYPE only if `typed`. */
export function readScan(args: Arguments, index: number, typed: boolean): Scan {
  const scan: Scan = { count: USUAL_COUNT, match: undefined, type: undefined }
  for (let at = index + 1; at < args.count; at += 2) {
    const word = args.word(at)
    if (at + 1 === args.count) throw SYNTAX_ERROR
    if (word === 'count') scan.count = readCount(args, at + 1)
    else if (word === 'match') scan.match = readPattern(args, at + 1)
    else if (word === 'type' && typed) scan.type = args.word(at + 1)
    else throw SYNTAX_ERROR
  }
  return scan
}

/** Parses a cursor as C parses an unsigned number: up to a NUL, and negative ones count from the highest. */
export function readCursor(args: Arguments, index: number): number {
  const [text = ''] = args.word(index).split('\0')
  if (!/^[+-]?\d*$/.test(text) || text === '+' || text === '-') throw INVALID_CURSOR
  const value = BigInt(text.replace('+', '') || 0)
  if (value >= 2n ** 64n || value <= -(2n ** 64n)) throw INVALID_CURSOR
  return Math.min(Number(BigInt.asUintN(64, value)), 2 ** 32)
}

function readCount(args: Arguments, index: number): number {
  const count = readInteger(args, index)
  if (count < 1) throw SYNTAX_ERROR
  return count
}

/** A pattern for keys or members; none for a single star, because only that matches an empty name. */
export function readPattern(args: Arguments, index: number): Glob | undefined {
  const pattern = args.copy(index)
  return pattern.length === 1 && pattern[0] === STAR ? undefined : new Glob(pattern)
}

/** The reply to iterating over a missing key. */
export function replyNothing(reply: Reply): void {
  reply.array(2)
  reply.text('0')
  reply.array(0)
}
