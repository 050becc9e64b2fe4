import { Buffer } from 'node:buffer'
import { Malformed } from './malformed.js'

const HEADER = 6
const END = 0xff

/** The encoding of an element: the offset of its content after the first byte, its length, and its type. */
interface Element {
  size: number
  content: Buffer
}

/** The elements of a listpack: strings, or integers as text. */
export function listpackElements(pack: Buffer): Buffer[] {
  if (pack.length < HEADER + 1 || pack.readUInt32LE() !== pack.length)
    throw new Malformed('a listpack is cut')
  const elements: Buffer[] = []
  let at = HEADER
  while (pack[at] !== END) {
    const { size, content } = element(pack, at)
    elements.push(content)
    at += size + backwardSize(size)
    if (at >= pack.length) throw new Malformed('a listpack has no end')
  }
  return elements
}

function element(pack: Buffer, at: number): Element {
  const first = pack[at] as number
  if (first < 0x80) return integer(1, first)
  if (first < 0xc0) return string(pack, at, 1, first & 0x3f)
  if (first < 0xe0) return integer(2, (((first & 0x1f) << 27) >> 19) | byteAt(pack, at + 1))
  if (first < 0xf0) return string(pack, at, 2, ((first & 0xf) << 8) | byteAt(pack, at + 1))
  if (at + 9 > pack.length) return wide(Buffer.concat([pack, Buffer.alloc(9)]), at, first, pack.length)
  return wide(pack, at, first, pack.length)
}

/** Elements whose length or value takes additional bytes. */
function wide(pack: Buffer, at: number, first: number, end: number): Element {
  const start = at + 1
  if (first === 0xf0) return string(pack.subarray(0, end), at, 5, pack.readUInt32LE(start))
  if (first === 0xf1) return integer(3, pack.readInt16LE(start))
  if (first === 0xf2) return integer(4, pack.readIntLE(start, 3))
  if (first === 0xf3) return integer(5, pack.readInt32LE(start))
  if (first === 0xf4) return integer(9, pack.readBigInt64LE(start))
  throw new Malformed('a listpack has an unknown element')
}

function integer(size: number, value: number | bigint): Element {
  return { size, content: Buffer.from(String(value)) }
}

function string(pack: Buffer, at: number, head: number, length: number): Element {
  if (at + head + length > pack.length) throw new Malformed('a listpack is cut')
  return { size: head + length, content: pack.subarray(at + head, at + head + length) }
}

function byteAt(pack: Buffer, at: number): number {
  const byte = pack[at]
  if (byte === undefined) throw new Malformed('a listpack is cut')
  return byte
}

/** The size of the length after an element, which is for reading backwards. */
function backwardSize(size: number): number {
  if (size <= 127) return 1
  if (size < 16383) return 2
  if (size < 2097151) return 3
  return size < 268435455 ? 4 : 5
}
