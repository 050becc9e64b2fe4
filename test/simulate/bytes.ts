import { Buffer } from 'node:buffer'
import { Random } from './random.js'

const PERIOD = 1 << 20

/** Two periods of the same bytes, so that any piece of up to a period is contiguous. */
const table = makeTable()

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzäöüßéñçøå€…漢字かなабв🙂🚀')

const PROSE = makeProse()

/**
 * A piece of a stream in which each byte's position can be determined from its neighbours; streams differ by number.
 */
export function streamBytes(stream: number, position: number, size: number): Buffer {
  const start = (stream * 104_729 + position) % PERIOD
  return table.subarray(start, start + size)
}

/** Characters of one to four bytes; if a surrogate pair is split, its halves are sent as replacement characters. */
export function text(salt: number, length: number): string {
  const start = (salt * 7919) % PROSE.length
  return PROSE.repeat(2 + Math.floor(length / PROSE.length)).slice(start, start + length)
}

function makeProse(): string {
  const random = new Random(2)
  return Array.from({ length: 20_000 }, () => random.pick(LETTERS)).join('')
}

function makeTable(): Buffer {
  const random = new Random(1)
  const bytes = Buffer.allocUnsafeSlow(2 * PERIOD)
  for (let at = 0; at < PERIOD; at += 4) bytes.writeUInt32LE(random.below(2 ** 32), at)
  bytes.copy(bytes, PERIOD, 0, PERIOD)
  return bytes
}
