import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'

/** Bytes without repeated runs: loss, repetition and reordering are detected. */
export function pattern(length: number, seed = 1): Buffer {
  const words = new Int32Array(Math.ceil(length / 4))
  let state = seed
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    words[at] = state
  }
  return Buffer.from(words.buffer, 0, length)
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}
