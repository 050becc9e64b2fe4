import { Prng } from '../../../lib/testing/network/prng.js'
import { close, frame } from '../../websocket/frames.js'

/** Random client input: mostly valid. */
export interface Sequence {
  readonly input: Buffer
  readonly pieces: readonly Buffer[]
  /** Uses more bytes for a length than needed, or 64 bits: ws accepts that. */
  readonly lax: boolean
}

export const limits = { maxMessage: 70_000, maxFragments: 6 }

const TEXTS = ['', 'a', 'hello', 'κόσμε', '€', '😀', 'x'.repeat(124), '\u{10ffff}', 'ä'.repeat(63), '\u0000']
const INVALID = ['80', 'c0af', 'eda080', 'f4908080', 'ff', 'e282', 'f09f98', 'c3', 'f8888080', 'e0809f'].map(
  hex => Buffer.from(hex, 'hex'),
)
const SIZES = [0, 1, 5, 64, 125, 126, 127, 300, 4096, 65_535, 65_536, 69_999, 70_000, 70_001]
const CODES = [
  0, 999, 1000, 1001, 1004, 1005, 1006, 1007, 1011, 1012, 1014, 1015, 1016, 2999, 3000, 4999, 5000,
]

export function generate(seed: number): Sequence {
  const prng = new Prng(seed)
  const frames: Buffer[] = []
  let lax = false
  const count = 1 + prng.below(8)
  for (let index = 0; index < count; index++) {
    for (const each of message(prng)) {
      frames.push(each.bytes)
      lax ||= each.lax
    }
  }
  const input = Buffer.concat(frames)
  return { input, pieces: pieces(prng, input), lax }
}

interface Made {
  readonly bytes: Buffer
  readonly lax: boolean
}

function message(prng: Prng): Made[] {
  const kind = prng.below(12)
  if (kind === 0) return [control(prng)]
  if (kind === 1) return [{ bytes: closing(prng), lax: false }]
  if (kind === 2) return [wrong(prng)]
  const text = prng.below(2) === 0
  const payload = text ? words(prng) : Buffer.alloc(SIZES[prng.below(SIZES.length)] ?? 0, prng.below(256))
  const opcode = text ? 1 : 2
  if (prng.below(2) === 0) return [made({ opcode, payload }, prng)]
  return inFragments(prng, opcode, payload)
}

function inFragments(prng: Prng, opcode: number, payload: Buffer): Made[] {
  const found: Made[] = []
  let at = 0
  for (let first = true; ; first = false) {
    const size = prng.below(3) === 0 ? prng.below(3) : prng.below(payload.length - at + 1)
    const fin = at + size >= payload.length && prng.below(4) > 0
    found.push(made({ opcode: first ? opcode : 0, payload: payload.subarray(at, at + size), fin }, prng))
    at += size
    if (fin || prng.below(30) === 0) return found
    if (prng.below(4) === 0) found.push(control(prng))
  }
}

function words(prng: Prng): Buffer {
  const count = prng.below(12)
  const parts = Array.from({ length: count }, () =>
    prng.below(40) === 0
      ? (INVALID[prng.below(INVALID.length)] ?? Buffer.alloc(0))
      : Buffer.from(TEXTS[prng.below(TEXTS.length)] ?? ''),
  )
  return Buffer.concat(parts)
}

function control(prng: Prng): Made {
  const size = prng.below(20) === 0 ? 124 + prng.below(4) : prng.below(20)
  return made({ opcode: 9 + prng.below(2), payload: Buffer.alloc(size, prng.below(256)) }, prng)
}

function closing(prng: Prng): Buffer {
  const kind = prng.below(8)
  if (kind === 0) return close()
  if (kind === 1) return frame({ opcode: 8, payload: 'x' })
  return close(
    CODES[prng.below(CODES.length)] ?? 1000,
    prng.below(3) === 0 ? words(prng).subarray(0, 125) : 'bye',
  )
}

/** An invalid frame, with an error in any part of its head. */
function wrong(prng: Prng): Made {
  const payload = Buffer.alloc(prng.below(130), 97)
  const kind = prng.below(6)
  if (kind === 0) return made({ opcode: 1, payload, rsv: prng.below(8) }, prng)
  if (kind === 1) return made({ opcode: prng.below(16), payload }, prng)
  if (kind === 2) return made({ opcode: 1, payload, key: null }, prng)
  if (kind === 3) return made({ opcode: 9, payload: 'a', fin: false }, prng)
  if (kind === 4)
    return { bytes: frame({ opcode: 2, payload, lengthBytes: prng.below(2) === 0 ? 2 : 8 }), lax: true }
  const bytes = Buffer.alloc(prng.below(30))
  for (let index = 0; index < bytes.length; index++) bytes[index] = prng.below(256)
  return { bytes, lax: true }
}

function made(parts: Parameters<typeof frame>[0], prng: Prng): Made {
  return { bytes: frame({ key: prng.below(2 ** 31), ...parts }), lax: false }
}

function pieces(prng: Prng, input: Buffer): Buffer[] {
  const found: Buffer[] = []
  const most =
    [1, 7, 100, 10_000, 1 << 20][prng.below(input.length > 2000 ? 3 : 5) + (input.length > 2000 ? 2 : 0)] ?? 1
  for (let at = 0; at < input.length; ) {
    const size = 1 + prng.below(most)
    found.push(input.subarray(at, at + size))
    at += size
  }
  return found
}
