const STAR = 42
const QUESTION = 63
const BRACKET = 91
const CLOSING = 93
const BACKSLASH = 92
const CARET = 94
const DASH = 45

/** A class longer than this is parsed once, into a set; shorter ones are parsed on each match. */
const LONG_CLASS = 256

/**
 * A pattern with more stars, each followed by something, matches nothing, as in Redis since 7.0.15's security updates.
 */
const MOST_STARS = 1000

/** The bytes that a class matches, and the position after it in the pattern. */
interface Class {
  bytes: Uint8Array
  next: number
}

/**
 * A pattern of KEYS and PSUBSCRIBE: `*` matches any bytes, `?` one byte, `[a-z]` and `[^a-z]` one byte of a set, and
 * `\` escapes the next byte. A class without an end extends to the end of the pattern. The ends of a range are signed
 * bytes, as on x86: `[a-\xff]` is everything from -1 to 97. A pattern of stars does not match an empty text.
 *
 * The pattern is matched in place, so only long classes need memory, and each is longer than its set. Matching
 * backtracks only to the last star, so its worst case is the product of both lengths.
 */
export class Glob {
  readonly #pattern: Uint8Array
  readonly #classes = new Map<number, Class>()
  /** The minimum length of a matching text. */
  #least = 0
  #stars = 0
  /** The position after the last star, or 0; and how many bytes the rest of the pattern matches. */
  #tail = 0
  #tailLength = 0

  /** @param pattern - Kept by reference; must not change. */
  constructor(pattern: Uint8Array) {
    this.#pattern = pattern
    for (let at = 0; at < pattern.length; ) {
      if (pattern[at] === STAR) at = this.#star(at)
      else {
        at = pattern[at] === BRACKET ? this.#class(at) : afterByte(pattern, at)
        this.#least++
        this.#tailLength++
      }
    }
  }

  matches(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    const pattern = this.#pattern
    if (start === end) return pattern.length === 0
    if (end - start < this.#least || this.#stars > MOST_STARS) return false
    let step = 0
    let at = start
    let runStep = -1
    let runEnd = 0
    while (at < end) {
      if (pattern[step] === STAR) {
        runStep = ++step
        // What follows the last star only has to match the end of the text.
        if (step === this.#tail) at = Math.max(at, end - this.#tailLength)
        runEnd = at
        continue
      }
      const next = step < pattern.length ? this.#step(step, bytes[at] as number) : -1
      if (next >= 0) {
        step = next
        at++
      } else if (runStep < 0 || runStep === this.#tail) return false
      else {
        step = runStep
        at = ++runEnd
      }
    }
    while (pattern[step] === STAR) step++
    return step === pattern.length
  }

  /** Skips a run of stars; returns its end. */
  #star(start: number): number {
    let at = start
    while (this.#pattern[at] === STAR) at++
    if (at < this.#pattern.length) this.#stars++
    this.#tail = at
    this.#tailLength = 0
    return at
  }

  #class(start: number): number {
    const next = afterClass(this.#pattern, start)
    if (next - start > LONG_CLASS) this.#classes.set(start, { bytes: bytesOf(this.#pattern, start), next })
    return next
  }

  /** Returns the position after the part that matches this byte at `step`; -1 if it does not match. */
  #step(step: number, byte: number): number {
    const pattern = this.#pattern
    const wanted = pattern[step] as number
    if (wanted === QUESTION) return step + 1
    if (wanted !== BRACKET) {
      const next = afterByte(pattern, step)
      return pattern[next - 1] === byte ? next : -1
    }
    const known = this.#classes.get(step)
    if (known !== undefined) return known.bytes[byte] === 1 ? known.next : -1
    return inClass(pattern, step, byte) ? afterClass(pattern, step) : -1
  }
}

function afterByte(pattern: Uint8Array, at: number): number {
  return pattern[at] === BACKSLASH && at + 1 < pattern.length ? at + 2 : at + 1
}

/** Returns the end of the member of a class at `at`: a byte, an escaped byte, or a range. */
function afterMember(pattern: Uint8Array, at: number): number {
  if (pattern[at] === BACKSLASH) return afterByte(pattern, at)
  return pattern[at + 1] === DASH && at + 2 < pattern.length ? at + 3 : at + 1
}

/** Returns the position after the class whose bracket is at `start`. */
function afterClass(pattern: Uint8Array, start: number): number {
  let at = pattern[start + 1] === CARET ? start + 2 : start + 1
  while (at < pattern.length && pattern[at] !== CLOSING) at = afterMember(pattern, at)
  return Math.min(at + 1, pattern.length)
}

function inClass(pattern: Uint8Array, start: number, byte: number): boolean {
  const negated = pattern[start + 1] === CARET
  let at = negated ? start + 2 : start + 1
  while (at < pattern.length && pattern[at] !== CLOSING) {
    const next = afterMember(pattern, at)
    const isRange = next - at === 3
    if (isRange ? inRange(pattern, at, byte) : pattern[next - 1] === byte) return !negated
    at = next
  }
  return negated
}

function inRange(pattern: Uint8Array, at: number, byte: number): boolean {
  const { first, last } = rangeAt(pattern, at)
  const value = signed(byte)
  return value >= first && value <= last
}

/** Returns 1 for each byte in the class, in one pass over it. */
function bytesOf(pattern: Uint8Array, start: number): Uint8Array {
  const negated = pattern[start + 1] === CARET
  /** How many more members begin at a value than have ended before it. Values are signed, and counted from -128. */
  const steps = new Int32Array(257)
  let at = negated ? start + 2 : start + 1
  while (at < pattern.length && pattern[at] !== CLOSING) {
    const next = afterMember(pattern, at)
    const { first, last } = next - at === 3 ? rangeAt(pattern, at) : rangeAt(pattern, next - 1, next - 1)
    step(steps, first + 128, 1)
    step(steps, last + 129, -1)
    at = next
  }
  const bytes = new Uint8Array(256)
  let members = 0
  for (let value = -128; value < 128; value++) {
    members += steps[value + 128] as number
    bytes[value & 0xff] = members > 0 === negated ? 0 : 1
  }
  return bytes
}

function step(steps: Int32Array, at: number, by: number): void {
  steps[at] = (steps[at] as number) + by
}

/** The range between two bytes of the pattern, in either order. */
function rangeAt(pattern: Uint8Array, at: number, other = at + 2): { first: number; last: number } {
  const left = signed(pattern[at] as number)
  const right = signed(pattern[other] as number)
  return left < right ? { first: left, last: right } : { first: right, last: left }
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}
