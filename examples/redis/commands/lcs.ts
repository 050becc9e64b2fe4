import { Buffer } from 'node:buffer'
import type { Arguments } from '../arguments.js'
import { Bytes } from '../bytes.js'
import type { Database } from '../keyspace/database.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { readInteger } from './reading.js'

/** The largest table of lengths, in bytes. */
const MOST_MEMORY = 512 * 1024 * 1024

const NOT_STRINGS = new Refusal('ERR The specified keys must contain string values')
const LEN_AND_IDX = new Refusal('ERR If you want both the length and indexes, please just use IDX.')
const TOO_LONG = new Refusal('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')

interface Options {
  length: boolean
  indexes: boolean
  withLengths: boolean
  /** Omits shorter matches. */
  least: number
}

/** A common run of two strings: its start in each, and its length. */
interface Match {
  left: number
  right: number
  length: number
}

function lcs(database: Database, args: Arguments, reply: Reply): void {
  const left = stringAt(database, args, 1)
  const right = stringAt(database, args, 2)
  const options = readOptions(args)
  if (options.length && options.indexes) throw LEN_AND_IDX
  const table = new Table(left, right)
  if (options.indexes) replyMatches(reply, table, options)
  else if (options.length) reply.integer(table.at(left.length, right.length))
  else {
    const parts = table.matches().reverse()
    const text = new Bytes(
      Buffer.concat(parts.map(part => left.subarray(part.left, part.left + part.length))),
    )
    reply.bulk(text, 0, text.length)
  }
}

function stringAt(database: Database, args: Arguments, index: number): Buffer {
  if (!database.has(args, index)) return Buffer.alloc(0)
  if (!database.isString(args, index)) throw NOT_STRINGS
  const span = database.string(args, index)
  return span === undefined ? Buffer.alloc(0) : Bytes.copyOf(span).buffer
}

function readOptions(args: Arguments): Options {
  const options: Options = { length: false, indexes: false, withLengths: false, least: 0 }
  for (let index = 3; index < args.count; index++) {
    const word = args.word(index)
    if (word === 'idx') options.indexes = true
    else if (word === 'len') options.length = true
    else if (word === 'withmatchlen') options.withLengths = true
    else if (word === 'minmatchlen' && index + 1 < args.count) options.least = readInteger(args, ++index)
    else throw SYNTAX_ERROR
  }
  return options
}

function replyMatches(reply: Reply, table: Table, { withLengths, least }: Options): void {
  const matches = table.matches().filter(({ length }) => length >= least)
  reply.map(2)
  reply.text('matches')
  reply.array(matches.length)
  for (const { left, right, length } of matches) {
    reply.array(withLengths ? 3 : 2)
    for (const start of [left, right]) {
      reply.array(2)
      reply.integer(start)
      reply.integer(start + length - 1)
    }
    if (withLengths) reply.integer(length)
  }
  reply.text('len')
  reply.integer(table.at(table.left.length, table.right.length))
}

/** The length of the longest common subsequence for each pair of prefixes of two strings. */
class Table {
  readonly left: Buffer
  readonly right: Buffer
  readonly #lengths: Uint32Array
  readonly #row: number

  constructor(left: Buffer, right: Buffer) {
    this.left = left
    this.right = right
    this.#row = right.length + 1
    const cells = (left.length + 1) * this.#row
    if (4 * cells > MOST_MEMORY) throw TOO_LONG
    this.#lengths = new Uint32Array(cells)
    for (let i = 1; i <= left.length; i++) this.#fill(i)
  }

  at(i: number, j: number): number {
    return this.#lengths[i * this.#row + j] as number
  }

  #fill(i: number): void {
    const lengths = this.#lengths
    const start = i * this.#row
    const above = start - this.#row
    const byte = this.left[i - 1]
    for (let j = 1; j < this.#row; j++) {
      lengths[start + j] =
        byte === this.right[j - 1]
          ? (lengths[above + j - 1] as number) + 1
          : Math.max(lengths[above + j] as number, lengths[start + j - 1] as number)
    }
  }

  /** The runs of the longest common subsequence, starting with the last. */
  matches(): Match[] {
    const matches: Match[] = []
    let i = this.left.length
    let j = this.right.length
    while (i > 0 && j > 0) {
      if (this.left[i - 1] === this.right[j - 1]) {
        const last = matches.at(-1)
        i--
        j--
        if (last !== undefined && last.left === i + 1 && last.right === j + 1) {
          last.left = i
          last.right = j
          last.length++
        } else matches.push({ left: i, right: j, length: 1 })
      } else if (this.at(i - 1, j) > this.at(i, j - 1)) i--
      else j--
    }
    return matches
  }
}

export const LCS: readonly Row[] = [['lcs', -3, 'readonly', 1, 2, 1, lcs]]
