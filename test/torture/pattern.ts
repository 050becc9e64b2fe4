import { Buffer } from 'node:buffer'
import { Random } from '../simulate/random.js'

/** A prime, so that the loss or repetition of a round number of bytes is detected. */
const PERIOD = 1_048_573
/** Beyond the period the table repeats its beginning, so that short pieces are contiguous. */
const OVERLAP = 65_536

const table = makeTable()

/** A connection's stream is one long run of random bytes; its key determines where it starts. */
function offsetOf(key: number, position: number): number {
  return (((Math.imul(key, 0x9e3779b1) >>> 0) % PERIOD) + position) % PERIOD
}

/** The bytes of `key`'s stream from `position` on, without a copy: they must not be modified. */
export function pieces(key: number, position: number, size: number): Buffer[] {
  const list: Buffer[] = []
  for (let done = 0; done < size; ) {
    const start = offsetOf(key, position + done)
    const end = Math.min(table.length, start + size - done)
    list.push(table.subarray(start, end))
    done += end - start
  }
  return list
}

/** The index of the first byte in `bytes` that does not belong to `key`'s stream at `position`; -1 if all do. */
export function firstWrong(bytes: Buffer, key: number, position: number): number {
  let at = 0
  for (const piece of pieces(key, position, bytes.length)) {
    const end = at + piece.length
    if (bytes.compare(piece, 0, piece.length, at, end) !== 0) {
      while (bytes[at] === piece[at - end + piece.length]) at++
      return at
    }
    at = end
  }
  return -1
}

function makeTable(): Buffer {
  const random = new Random(1)
  const bytes = Buffer.allocUnsafeSlow(PERIOD + OVERLAP)
  for (let at = 0; at < PERIOD; at++) bytes[at] = random.below(256)
  bytes.copy(bytes, PERIOD, 0, OVERLAP)
  return bytes
}
