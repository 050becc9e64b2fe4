import { Buffer } from 'node:buffer'

/**
 * The header that a client sends first: the stream of its bytes, and how the server must treat it. After it, all bytes
 * in both directions belong to the stream.
 */
export interface Header {
  readonly key: number
  readonly mode: Mode
  /** The mode's parameter: bytes until it closes, or bytes to return. */
  readonly amount: number
}

/** How the server responds; see server/modes.ts. */
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

/** Undefined if the bytes are not a header. */
export function decodeHeader(bytes: Buffer): Header | undefined {
  const mode = MODES[bytes.readUInt8(4)]
  if (mode === undefined) return undefined
  return { key: bytes.readUInt32LE(0), mode, amount: bytes.readUInt32LE(5) }
}

/**
 * A key consists of the number of the client process and that of the connection. 0 is unused: processes count from 1.
 */
const NUMBER_BITS = 20

export function keyOf(client: number, number: number): number {
  return ((client << NUMBER_BITS) | number) >>> 0
}

export function clientOf(key: number): number {
  return key >>> NUMBER_BITS
}

/** The kinds of the server's doors; see server/doors.ts. */
export type Door = 'tcp' | 'unix' | 'strict' | 'shut'

/** The address of a door. */
export interface Place {
  readonly door: Door
  /** `port` at 127.0.0.1, or `path`. */
  readonly port: number
  readonly path: string
}

/** What the server sends at the door `shut`, if it sends anything. */
export const GREETING = 64
