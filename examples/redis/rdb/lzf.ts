import { Buffer } from 'node:buffer'
import { Malformed } from './malformed.js'

/** A byte of compressed data represents at most this many bytes. */
const BEST_RATIO = 264

/** Decompresses LZF: literal runs, and references to earlier bytes. */
export function decompress(bytes: Buffer, length: number): Buffer {
  if (length > bytes.length * BEST_RATIO) throw new Malformed('compressed data is too short')
  const out = Buffer.alloc(length)
  let at = 0
  let to = 0
  const next = (): number => {
    const byte = bytes[at++]
    if (byte === undefined) throw new Malformed('compressed data ends early')
    return byte
  }
  while (at < bytes.length) {
    const control = next()
    const run = control < 32 ? control + 1 : (control >> 5 === 7 ? 7 + next() : control >> 5) + 2
    if (to + run > length) throw new Malformed('compressed data is too long')
    const from = control < 32 ? -1 : to - ((control & 31) << 8) - next() - 1
    if (control >= 32 && from < 0) throw new Malformed('compressed data refers to nothing')
    for (let count = 0; count < run; count++)
      out[to++] = control < 32 ? next() : (out[from + count] as number)
  }
  if (to !== length) throw new Malformed('compressed data is too short')
  return out
}
