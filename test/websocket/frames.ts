/** A frame as a client sends it, valid or not. */
export interface FrameParts {
  readonly opcode: number
  readonly payload?: Uint8Array | string
  readonly fin?: boolean
  /** RSV1, RSV2 and RSV3 as a number of three bits, RSV1 highest. */
  readonly rsv?: number
  /** Default: a key that differs from frame to frame; null: not masked. */
  readonly key?: number | null
  /** Bytes of the length: 0 for the seven bits, 2 or 8. Default: as few as possible. */
  readonly lengthBytes?: 0 | 2 | 8
  /** The length in the head, if it differs from the payload's. */
  readonly length?: number
}

export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

let lastKey = 0x12345678

export function frame(parts: FrameParts): Buffer {
  const { opcode, payload = '', fin = true, rsv = 0, key = nextKey() } = parts
  const bytes = Buffer.from(payload as string)
  const length = parts.length ?? bytes.length
  const least = length <= 125 ? 0 : length <= 0xffff ? 2 : 8
  const { lengthBytes = least } = parts
  const head = Buffer.alloc(2 + lengthBytes)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = (key === null ? 0 : 0x80) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) head.writeUInt16BE(length, 2)
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2)
  if (key === null) return Buffer.concat([head, bytes])
  const mask = Buffer.alloc(4)
  mask.writeInt32BE(key | 0)
  // By hand: the longest are 16 MiB, and a function call for each byte would take most of the time.
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = (bytes[index] as number) ^ (mask[index & 3] as number)
  }
  return Buffer.concat([head, mask, bytes])
}

export function text(payload: Uint8Array | string, parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: TEXT, payload, ...parts })
}

export function binary(payload: Uint8Array | string, parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: BINARY, payload, ...parts })
}

export function more(payload: Uint8Array | string, parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: 0, payload, ...parts })
}

export function ping(payload: Uint8Array | string = '', parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: PING, payload, ...parts })
}

export function pong(payload: Uint8Array | string = ''): Buffer {
  return frame({ opcode: PONG, payload })
}

export function close(code?: number, reason: Uint8Array | string = ''): Buffer {
  if (code === undefined) return frame({ opcode: CLOSE })
  return frame({ opcode: CLOSE, payload: closeBody(code, reason) })
}

export function closeBody(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason as string)])
}

/** A message in fragments of `size` bytes. */
export function fragments(opcode: number, payload: Uint8Array | string, size: number): Buffer[] {
  const bytes = Buffer.from(payload as string)
  const count = Math.max(1, Math.ceil(bytes.length / size))
  return Array.from({ length: count }, (_, index) =>
    frame({
      opcode: index === 0 ? opcode : 0,
      payload: bytes.subarray(index * size, (index + 1) * size),
      fin: index === count - 1,
    }),
  )
}

/** A frame that a server sent. */
export interface Sent {
  readonly opcode: number
  readonly rsv1: boolean
  readonly fin: boolean
  readonly payload: Buffer
}

/** Parses a server's output; throws unless it consists of whole frames, unmasked and of minimal length. */
export function readFrames(bytes: Buffer): Sent[] {
  const found: Sent[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes.readUInt8(at)
    const second = bytes.readUInt8(at + 1)
    if ((first & 0x30) !== 0 || second > 127) throw new Error(`a bad head at ${at}: ${first}, ${second}`)
    const size = second === 127 ? 10 : second === 126 ? 4 : 2
    const long =
      second === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : bytes.readUInt16BE(at + 2 * (size >> 2))
    const length = second < 126 ? second : long
    if (length < (second === 127 ? 65_536 : second === 126 ? 126 : 0))
      throw new Error(`length ${length} at ${at}`)
    const payload = bytes.subarray(at + size, at + size + length)
    if (payload.length < length) throw new Error(`the frame at ${at} is cut off`)
    found.push({ opcode: first & 15, rsv1: (first & 0x40) !== 0, fin: first > 127, payload })
    at += size + length
  }
  return found
}

function nextKey(): number {
  lastKey = (Math.imul(lastKey, 1_664_525) + 1_013_904_223) | 0
  return lastKey
}
