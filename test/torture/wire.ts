import { Buffer } from 'node:buffer'

/**
 * What a client says first: which stream its bytes belong to, and how the server is to treat it. Behind this header
 * all bytes, both ways, are the stream's.
 */
export interface Header {
  readonly key: number
  readonly mode: Mode
  /** What the mode takes: bytes until it closes, bytes to answer. */
  readonly amount: number
}

/** How the server answers; server/modes.ts has them. */
export const MODES = [
  'plain',
  'copy',
  'list',
  'promise',
  'send',
  'wake',
  'pause',
  'throw',
  'close',
  'end',
  'detach',
  'big',
] as const
export type Mode = (typeof MODES)[number]

export const HEADER_SIZE = 9

export function encodeHeader({ key, mode, amount }: Header): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE)
  bytes.writeUInt32LE(key, 0)
  bytes.writeUInt8(MODES.indexOf(mode), 4)
  bytes.writeUInt32LE(amount, 5)
  return bytes
}

/** Undefined when the bytes are no header. */
export function decodeHeader(bytes: Buffer): Header | undefined {
  const mode = MODES[bytes.readUInt8(4)]
  if (mode === undefined) return undefined
  return { key: bytes.readUInt32LE(0), mode, amount: bytes.readUInt32LE(5) }
}

/**
 * A key is the number of the client process, then that of the connection. 0 is nobody's: processes count from 1.
 */
const NUMBER_BITS = 20

export function keyOf(client: number, number: number): number {
  return ((client << NUMBER_BITS) | number) >>> 0
}

export function clientOf(key: number): number {
  return key >>> NUMBER_BITS
}

/** What the doors of the server do; server/doors.ts has them. */
export type Door = 'tcp' | 'unix' | 'strict' | 'shut'

/** Where a door is. */
export interface Place {
  readonly door: Door
  /** `port` at 127.0.0.1, or `path`. */
  readonly port: number
  readonly path: string
}

/** What the server answers at the door `shut`, where it answers anything. */
export const GREETING = 64
