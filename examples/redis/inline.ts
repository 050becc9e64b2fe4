import { Buffer } from 'node:buffer'

const BACKSLASH = 92
const QUOTE = 34
const APOSTROPHE = 39

const ESCAPES: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 }

/**
 * Splits a line into words, with quotes: `"…"` supports `\n`, `\r`, `\t`, `\b`, `\a`, `\xHH` and a backslash before
 * any other character, `'…'` only `\'`. A closing quote ends its word. Returns `undefined` if a quote is unclosed or
 * closed within a word. A zero byte ends the line.
 */
export function splitWords(line: Buffer): Buffer[] | undefined {
  const words: Buffer[] = []
  const zero = line.indexOf(0)
  const end = zero < 0 ? line.length : zero
  let at = 0
  while (at < end) {
    if (isSpace(line[at])) {
      at++
      continue
    }
    const word = readWord(line, at, end)
    if (word === undefined) return undefined
    words.push(Buffer.from(word.bytes))
    at = word.next
  }
  return words
}

interface Word {
  bytes: number[]
  next: number
}

function readWord(line: Buffer, start: number, end: number): Word | undefined {
  const bytes: number[] = []
  let next = start
  while (next < end && !isSpace(line[next])) {
    const byte = line[next] as number
    if (byte === QUOTE || byte === APOSTROPHE) {
      const after = readQuoted(line, next + 1, end, byte, bytes)
      return after < 0 || (after < end && !isSpace(line[after])) ? undefined : { bytes, next: after }
    }
    bytes.push(byte)
    next++
  }
  return { bytes, next }
}

/** Reads up to the closing quote; returns the position after it, or -1 if it is missing. */
function readQuoted(line: Buffer, start: number, end: number, quote: number, bytes: number[]): number {
  let next = start
  while (next < end) {
    const byte = line[next] as number
    if (byte === quote) return next + 1
    if (byte === BACKSLASH && next + 1 < end && (quote === QUOTE || line[next + 1] === APOSTROPHE)) {
      next = quote === QUOTE ? readEscape(line, next + 1, end, bytes) : pushByte(line, next + 1, bytes)
    } else next = pushByte(line, next, bytes)
  }
  return -1
}

function readEscape(line: Buffer, at: number, end: number, bytes: number[]): number {
  const hex = line.toString('latin1', at, Math.min(at + 3, end))
  if (/^x[0-9a-fA-F]{2}$/.test(hex)) {
    bytes.push(Number.parseInt(hex.slice(1), 16))
    return at + 3
  }
  const meant = ESCAPES[hex.charAt(0)]
  if (meant === undefined) return pushByte(line, at, bytes)
  bytes.push(meant)
  return at + 1
}

function pushByte(line: Buffer, at: number, bytes: number[]): number {
  bytes.push(line[at] as number)
  return at + 1
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13)
}
