import { BIT_OPERATIONS } from './bit-operations.js'
import { BITS } from './bits.js'
import { BLOCKING_LISTS } from './blocking-lists.js'
import { BLOCKING_SORTED_SETS } from './blocking-sorted-sets.js'
import { catalogueOf } from './catalogue.js'
import { CLIENTS } from './clients.js'
import { Command, type Row } from './command.js'
import { CONNECTION } from './connection.js'
import { COUNTERS } from './counters.js'
import { DEBUGGING } from './debug.js'
import { DUMPS } from './dumps.js'
import { EXPIRY } from './expiry.js'
import { FUNCTIONS } from './functions.js'
import { HASHES } from './hashes.js'
import { KEYS } from './keys.js'
import { LCS } from './lcs.js'
import { LIST_MOVES } from './list-moves.js'
import { LISTS } from './lists.js'
import { OBJECTS } from './objects.js'
import { PUBSUB } from './pubsub.js'
import { SERVER } from './server.js'
import { SET_ALGEBRA } from './set-algebra.js'
import { SETS } from './sets.js'
import { SORT } from './sort.js'
import { SORTED_SET_ALGEBRA } from './sorted-set-algebra.js'
import { SORTED_SET_POPS } from './sorted-set-pops.js'
import { SORTED_SET_RANGES } from './sorted-set-ranges.js'
import { SORTED_SETS } from './sorted-sets.js'
import { STRINGS } from './strings.js'
import { TRANSACTIONS } from './transactions.js'

/** All groups, with their names in COMMAND DOCS. */
const FAMILIES: Readonly<Record<string, readonly Row[]>> = {
  bitmap: [...BITS, ...BIT_OPERATIONS],
  connection: [...CONNECTION, ...CLIENTS],
  generic: [...KEYS, ...DUMPS, ...SORT, ...OBJECTS, ...EXPIRY],
  hash: HASHES,
  list: [...LISTS, ...LIST_MOVES, ...BLOCKING_LISTS],
  pubsub: PUBSUB,
  server: [...SERVER, ...DEBUGGING, ...catalogueOf(() => COMMANDS)],
  set: [...SETS, ...SET_ALGEBRA],
  scripting: FUNCTIONS,
  'sorted-set': [
    ...SORTED_SETS,
    ...SORTED_SET_RANGES,
    ...SORTED_SET_POPS,
    ...SORTED_SET_ALGEBRA,
    ...BLOCKING_SORTED_SETS,
  ],
  string: [...STRINGS, ...COUNTERS, ...LCS],
  transactions: TRANSACTIONS,
}

/** All commands. */
export const COMMANDS: readonly Command[] = Object.entries(FAMILIES).flatMap(([group, rows]) =>
  rows.map(row => new Command(group, row)),
)

/** At least twice as many places as commands, so that a name is usually found at its first place. */
const PLACES = 2 ** Math.ceil(Math.log2(COMMANDS.length) + 1)
const LONGEST = Math.max(...COMMANDS.map(command => command.name.length))

/** For each place, its command's name: the length, the first four letters and the last four. */
const names = new Int32Array(3 * PLACES)
const places = new Array<Command | undefined>(PLACES).fill(undefined)

/** Sets the bit that distinguishes lower from upper case in each of four bytes. */
const SMALL = 0x20202020

/**
 * The command with the name `view[start, end)`, in any case; `undefined` if there is none. Compares names as numbers,
 * up to eight letters in two of them, and never makes a string.
 */
export function findCommand(view: DataView, start: number, end: number): Command | undefined {
  const length = end - start
  if (length > LONGEST || length < 2) return undefined
  const first = firstLetters(view, start, length)
  const last = lastLetters(view, end, length)
  let place = placeOf(first, last, length)
  for (;;) {
    const command = places[place]
    if (command === undefined) return undefined
    const at = 3 * place
    if (names[at] === length && names[at + 1] === first && names[at + 2] === last) {
      if (length <= 8 || sameMiddle(command.name, view, start, end)) return command
    }
    place = (place + 1) % PLACES
  }
}

function firstLetters(view: DataView, start: number, length: number): number {
  const letters = length < 4 ? view.getUint16(start, true) : view.getInt32(start, true)
  return letters | SMALL
}

function lastLetters(view: DataView, end: number, length: number): number {
  const letters = length < 4 ? view.getUint8(end - 1) : view.getInt32(end - 4, true)
  return letters | SMALL
}

/** For names of more than eight letters: what is between the first four and the last four. */
function sameMiddle(name: string, view: DataView, start: number, end: number): boolean {
  for (let at = start + 4; at < end - 4; at++) {
    if ((view.getUint8(at) | 0x20) !== name.charCodeAt(at - start)) return false
  }
  return true
}

function placeOf(first: number, last: number, length: number): number {
  const code = Math.imul(first ^ Math.imul(last, 0x9e3779b1) ^ length, 0x85ebca6b)
  return (code ^ (code >>> 15)) & (PLACES - 1)
}

function enter(command: Command): void {
  const bytes = Buffer.from(command.name)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = firstLetters(view, 0, bytes.length)
  const last = lastLetters(view, bytes.length, bytes.length)
  let place = placeOf(first, last, bytes.length)
  while (places[place] !== undefined) place = (place + 1) % PLACES
  places[place] = command
  names.set([bytes.length, first, last], 3 * place)
}

COMMANDS.forEach(enter)
