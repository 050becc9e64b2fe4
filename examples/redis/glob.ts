const STAR = 42
const QUESTION = 63
const BRACKET = 91
const CLOSING = 93
const BACKSLASH = 92
const CARET = 94
const DASH = 45

/** One step of a pattern: any run of bytes, or one byte out of a set. */
type Step = 'run' | Uint8Array

/**
 * A pattern as KEYS and PSUBSCRIBE know it: `*` any bytes, `?` one byte, `[a-z]` and `[^a-z]` one of a set, `\` takes
 * the next byte as it is. Matching goes back to the last `*` only, so it takes the product of both lengths at worst.
 */
export class Glob {
  readonly #steps: readonly Step[]

  constructor(pattern: Uint8Array) {
    this.#steps = parse(pattern)
  }

  matches(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    const steps = this.#steps
    let step = 0
    let at = start
    let runStep = -1
    let runEnd = 0
    while (at < end) {
      const wanted = steps[step]
      if (wanted === 'run') {
        runStep = step++
        runEnd = at
      } else if (wanted !== undefined && wanted[bytes[at] as number] === 1) {
        step++
        at++
      } else if (runStep >= 0) {
        step = runStep + 1
        at = ++runEnd
      } else return false
    }
    while (steps[step] === 'run') step++
    return step === steps.length
  }
}

function parse(pattern: Uint8Array): Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < pattern.length) {
    const byte = pattern[at] as number
    if (byte === BRACKET) {
      const { set, next } = parseSet(pattern, at + 1)
      steps.push(set)
      at = next
      continue
    }
    if (byte === BACKSLASH && at + 1 < pattern.length) steps.push(only(pattern[++at] as number))
    else if (byte === QUESTION) steps.push(new Uint8Array(256).fill(1))
    else if (byte !== STAR) steps.push(only(byte))
    else if (steps.at(-1) !== 'run') steps.push('run')
    at++
  }
  return steps
}

function only(byte: number): Uint8Array {
  const set = new Uint8Array(256)
  set[byte] = 1
  return set
}

/** What is between brackets; a bracket that is never closed is closed at the end. */
function parseSet(pattern: Uint8Array, start: number): { set: Uint8Array; next: number } {
  const set = new Uint8Array(256)
  const negated = pattern[start] === CARET
  let at = negated ? start + 1 : start
  while (at < pattern.length && pattern[at] !== CLOSING) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) at++
    else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const ends = [pattern[at] as number, pattern[at + 2] as number]
      set.fill(1, Math.min(...ends), Math.max(...ends) + 1)
      at += 3
      continue
    }
    set[pattern[at] as number] = 1
    at++
  }
  if (negated) for (const [byte, member] of set.entries()) set[byte] = 1 - member
  return { set, next: at + 1 }
}
