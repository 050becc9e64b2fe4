import { isUtf8 } from 'node:buffer'

/** Validates text that arrives in pieces, which may end inside a character. Detects an error as soon as it arrives. */
export class Utf8Checker {
  /** The first bytes of an incomplete character, at most three. */
  readonly #begun = new Uint8Array(4)
  #count = 0

  /** Returns false if the text up to here can't begin valid UTF-8. */
  push(bytes: Uint8Array): boolean {
    let at = 0
    while (this.#count > 0 && at < bytes.length) {
      this.#begun[this.#count++] = bytes[at++] as number
      if (!mayBegin(this.#begun, 0, this.#count)) return false
      if (this.#count === sizeAt(this.#begun[0] as number)) this.#count = 0
    }
    const whole = beginOfLast(bytes, at)
    if (!isUtf8(bytes.subarray(at, whole))) return false
    for (let index = whole; index < bytes.length; index++) {
      this.#begun[this.#count++] = bytes[index] as number
    }
    return this.#count === 0 || mayBegin(this.#begun, 0, this.#count)
  }

  /** Returns whether no character is incomplete, and resets the checker. */
  end(): boolean {
    const whole = this.#count === 0
    this.#count = 0
    return whole
  }
}

/** Returns the start of a character that the end cuts off; the end if there is none. */
function beginOfLast(bytes: Uint8Array, from: number): number {
  const end = bytes.length
  for (let back = 1; back <= 3 && end - back >= from; back++) {
    const byte = bytes[end - back] as number
    if (byte >= 0xc0) return sizeAt(byte) > back ? end - back : end
    if (byte < 0x80) return end
  }
  return end
}

/** The length of the character that begins with this byte. */
function sizeAt(byte: number): number {
  if (byte >= 0xf0) return 4
  return byte >= 0xe0 ? 3 : 2
}

/** Whether these bytes, at most four, may begin a character, by the grammar of RFC 3629. */
function mayBegin(bytes: Uint8Array, from: number, count: number): boolean {
  const first = bytes[from] as number
  if (first < 0xc2 || first > 0xf4) return false
  for (let index = 1; index < count; index++) {
    const byte = bytes[from + index] as number
    const [low, high] = index === 1 ? secondOf(first) : [0x80, 0xbf]
    if (byte < low || byte > high) return false
  }
  return true
}

function secondOf(first: number): readonly [low: number, high: number] {
  if (first === 0xe0) return [0xa0, 0xbf]
  if (first === 0xed) return [0x80, 0x9f]
  if (first === 0xf0) return [0x90, 0xbf]
  if (first === 0xf4) return [0x80, 0x8f]
  return [0x80, 0xbf]
}
