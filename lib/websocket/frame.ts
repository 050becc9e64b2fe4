/** The frame types of RFC 6455, section 5.2. From 8 on they are control frames. */
export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const

/** Bits of a frame's first byte, and of its second. */
export const FIN = 0x80
export const RSV1 = 0x40
export const RESERVED = 0x30
export const MASKED = 0x80

/** The longest payload of a control frame. */
export const MAX_CONTROL = 125

/** The size of the head of an unmasked frame. */
export function headSize(length: number): 2 | 4 | 10 {
  if (length <= 125) return 2
  return length <= 0xffff ? 4 : 10
}

/**
 * Writes the head of an unmasked frame at `at`; returns the offset of its payload.
 *
 * @param first - The first byte: `FIN`, `RSV1` and the opcode.
 */
export function writeHead(into: Uint8Array, at: number, first: number, length: number): number {
  into[at] = first
  if (length <= 125) {
    into[at + 1] = length
    return at + 2
  }
  if (length <= 0xffff) {
    into[at + 1] = 126
    into[at + 2] = length >>> 8
    into[at + 3] = length
    return at + 4
  }
  into[at + 1] = 127
  const high = Math.floor(length / 2 ** 32)
  for (let index = 0; index < 4; index++) {
    into[at + 2 + index] = high >>> (24 - 8 * index)
    into[at + 6 + index] = length >>> (24 - 8 * index)
  }
  return at + 10
}
