import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'

/** Bytes of which no run looks like another: what is lost, doubled or out of order shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let at = 0; at + 4 <= length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes.writeInt32LE(state, at)
  }
  bytes.fill(seed & 0xff, length - (length % 4))
  return bytes
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
