import { Buffer } from 'node:buffer'
import { lengthOf, plainView } from '../bytes.js'
import { RevioError } from '../errors.js'
import { type Block, blocks } from './blocks.js'

/** A run of pending bytes: `bytes[start, end)`. */
export interface Segment {
  bytes: Uint8Array
  start: number
  end: number
  /** False while the bytes are somebody else's and only lent until the end of the attempt to write them. */
  owned: boolean
  /** What `bytes` are all of, where that is a block. */
  block: Block | undefined
  next: Segment | undefined
}

/**
 * Output that has not been written yet, in order. It is only ever appended to at its end and taken from at its front;
 * nothing replaces it.
 */
export class Outbox {
  #first: Segment | undefined
  #last: Segment | undefined
  #size = 0
  /** Blocks that have been asked for since it was last empty. */
  #blocks = 0
  /** Bytes are lent. */
  #lent = false

  /** Bytes that are pending. */
  get size(): number {
    return this.#size
  }

  /** There is nothing to be written; not the same as a size of 0, as a datagram may be empty. */
  get empty(): boolean {
    return this.#first === undefined
  }

  /** The oldest run; the others follow by `next`. */
  get first(): Segment | undefined {
    return this.#first
  }

  /** Appends bytes without copying them. They must stay as they are until `settle`. */
  lend(bytes: Uint8Array, start: number, end: number): void {
    const last = this.#last
    this.#size += end - start
    this.#lent = true
    if (last !== undefined && !last.owned && last.bytes === bytes && last.end === start) last.end = end
    else this.#push({ bytes, start, end, owned: false, block: undefined, next: undefined })
  }

  /** Appends bytes without copying them. Nobody else uses them any more. */
  give(bytes: Uint8Array): void {
    const size = lengthOf(bytes)
    this.#size += size
    this.#push({ bytes, start: 0, end: size, owned: true, block: undefined, next: undefined })
  }

  /** Appends a copy of a chunk that is `size` bytes long. */
  append(chunk: Uint8Array | string, size: number): void {
    this.#size += size
    this.#copy(chunk, size)
  }

  /** The `size` oldest bytes, in memory that nobody writes to: a copy, unless they are just what was given. */
  oldest(size: number): Uint8Array {
    const first = this.#first
    if (first?.owned && first.block === undefined && first.start === 0 && first.end === size) {
      if (lengthOf(first.bytes) === size) return first.bytes
    }
    const bytes = Buffer.allocUnsafe(size)
    let filled = 0
    for (let segment = first; segment !== undefined && filled < size; segment = segment.next) {
      if (isGone(segment)) throw goneError(segment)
      const { start, end } = segment
      const piece = plainView(segment.bytes).subarray(start, Math.min(end, start + size - filled))
      bytes.set(piece, filled)
      filled += piece.length
    }
    return bytes
  }

  /** After an attempt: removes the `taken` oldest bytes and copies what is left of lent ones. */
  settle(taken: number): void {
    this.#remove(taken)
    if (this.#lent) this.#keep()
  }

  /** Gives up everything. */
  clear(): void {
    // The oldest run may be on its way: a socket of Node's keeps what the system has not taken.
    const first = this.#first
    if (first?.block !== undefined) blocks.abandon(first.block)
    if (this.#blocks > 0) release(first?.next, undefined)
    this.#emptied()
  }

  #emptied(): void {
    this.#first = undefined
    this.#last = undefined
    this.#size = 0
    this.#blocks = 0
    this.#lent = false
  }

  #remove(taken: number): void {
    this.#size -= taken
    let left = taken
    let segment = this.#first
    if (this.#size > 0) {
      while (segment !== undefined && left >= segment.end - segment.start) {
        left -= segment.end - segment.start
        segment = segment.next
      }
    } else segment = undefined
    if (this.#blocks > 0) release(this.#first, segment)
    if (segment === undefined) return this.#emptied()
    this.#first = segment
    segment.start += left
  }

  /** What was lent becomes the outbox's own. */
  #keep(): void {
    let segment = this.#first
    this.#first = undefined
    this.#last = undefined
    this.#lent = false
    while (segment !== undefined) {
      const { next, bytes, start, end } = segment
      segment.next = undefined
      if (segment.owned) this.#push(segment)
      // What is gone cannot be written either; the attempt has failed with it.
      else this.#copy(isGone(segment) ? new Uint8Array(end - start) : bytes.subarray(start, end), end - start)
      segment = next
    }
  }

  #copy(chunk: Uint8Array | string, size: number): void {
    const last = this.#last
    if (last?.block !== undefined && last.bytes.length - last.end >= size) {
      write(chunk, last.block, last.end)
      last.end += size
      return
    }
    const block = blocks.take(size, this.#blocks++)
    write(chunk, block, 0)
    this.#push({ bytes: block.bytes, start: 0, end: size, owned: true, block, next: undefined })
  }

  #push(segment: Segment): void {
    if (this.#last === undefined) this.#first = segment
    else this.#last.next = segment
    this.#last = segment
  }
}

/** Lent memory has been detached or has shrunk, which only a program that works against itself brings about. */
export function isGone({ bytes, end }: Segment): boolean {
  return lengthOf(bytes) < end
}

/** What the attempt to write such memory fails with. */
export function goneError({ start, end }: Segment): RevioError {
  return new RevioError(
    'ERR_REPLY',
    `output of ${end - start} bytes was detached or shrunk before it was written`,
  )
}

/** Gives the blocks from one run up to another one back. */
function release(from: Segment | undefined, to: Segment | undefined): void {
  for (let segment = from; segment !== to && segment !== undefined; segment = segment.next) {
    if (segment.block !== undefined) blocks.give(segment.block)
  }
}

function write(chunk: Uint8Array | string, { bytes }: Block, at: number): void {
  if (typeof chunk === 'string') bytes.write(chunk, at)
  else bytes.set(chunk, at)
}
