import { Buffer } from 'node:buffer'
import { lengthOf, plainView } from '../bytes.js'
import { RevioError } from '../errors.js'
import { type Block, blocks } from './blocks.js'

/** A run of pending bytes: `bytes[start, end)`. */
export interface Segment {
  bytes: Uint8Array
  start: number
  end: number
  /**
   * False while the bytes are lent: they belong to someone else, and are valid only until the current write attempt
   * ends.
   */
  owned: boolean
  /** The memory is the program's: it promised not to change it, and may detach or shrink it all the same. */
  shared: boolean
  /** The block that `bytes` is, if it is one. */
  block: Block | undefined
  next: Segment | undefined
}

/**
 * Output that has not been written yet, in order. Bytes are appended at its end and removed from its front; nothing
 * replaces it.
 */
export class Outbox {
  #first: Segment | undefined
  #last: Segment | undefined
  #size = 0
  /** The number of blocks taken since it was last empty. */
  #blocks = 0
  /** Some runs are lent. */
  #lent = false

  /** The number of pending bytes. */
  get size(): number {
    return this.#size
  }

  /** Nothing is pending. Not the same as a size of 0, because a datagram may be empty. */
  get empty(): boolean {
    return this.#first === undefined
  }

  /** The oldest run; `next` leads to the others. */
  get first(): Segment | undefined {
    return this.#first
  }

  /** Appends bytes without copying them. They must not change before `settle`. */
  lend(bytes: Uint8Array, start: number, end: number): void {
    const last = this.#last
    this.#size += end - start
    this.#lent = true
    if (last !== undefined && !last.owned && last.bytes === bytes && last.end === start) last.end = end
    else this.#push({ bytes, start, end, owned: false, shared: false, block: undefined, next: undefined })
  }

  /** Appends bytes without copying them, and owns them from then on. */
  give(bytes: Uint8Array): void {
    const size = lengthOf(bytes)
    this.#size += size
    this.#push({ bytes, start: 0, end: size, owned: true, shared: false, block: undefined, next: undefined })
  }

  /** Appends bytes without copying them. Others use them too, and nobody changes them. */
  share(bytes: Uint8Array): void {
    const size = lengthOf(bytes)
    this.#size += size
    this.#push({ bytes, start: 0, end: size, owned: true, shared: true, block: undefined, next: undefined })
  }

  /** Appends a copy of a chunk of `size` bytes. */
  append(chunk: Uint8Array | string, size: number): void {
    this.#size += size
    this.#copy(chunk, size)
  }

  /**
   * Returns the `size` oldest bytes in memory that never changes: a copy, unless they are exactly one chunk that the
   * outbox owns.
   */
  oldest(size: number): Uint8Array {
    const first = this.#first
    const own = first?.owned && !first.shared && first.block === undefined
    if (own && first.start === 0 && first.end === size && lengthOf(first.bytes) === size) return first.bytes
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

  /** After a write attempt: removes the `taken` oldest bytes, and copies the lent bytes that remain. */
  settle(taken: number): void {
    this.#remove(taken)
    if (this.#lent) this.#keep()
  }

  /** Discards everything. */
  clear(): void {
    // The oldest run may be in flight: a Node socket holds the bytes that the OS has not taken.
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

  /** Copies the lent runs, so that the outbox owns all its bytes. */
  #keep(): void {
    let segment = this.#first
    this.#first = undefined
    this.#last = undefined
    this.#lent = false
    while (segment !== undefined) {
      const { next, bytes, start, end } = segment
      segment.next = undefined
      if (segment.owned) this.#push(segment)
      // Detached memory can't be copied; the write attempt has already failed because of it.
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
    this.#push({
      bytes: block.bytes,
      start: 0,
      end: size,
      owned: true,
      shared: false,
      block,
      next: undefined,
    })
  }

  #push(segment: Segment): void {
    if (this.#last === undefined) this.#first = segment
    else this.#last.next = segment
    this.#last = segment
  }
}

/** Whether lent memory was detached or shrunk. Only a program that transfers or resizes its own output does that. */
export function isGone({ bytes, end }: Segment): boolean {
  return lengthOf(bytes) < end
}

/** The error for output whose memory is gone. */
export function goneError(segment?: Segment): RevioError {
  const what = segment === undefined ? 'output' : `output of ${segment.end - segment.start} bytes`
  return new RevioError('ERR_REPLY', `${what} was detached or shrunk before it was written`)
}

/** Returns the blocks of all runs from `from` up to `to`, exclusive. */
function release(from: Segment | undefined, to: Segment | undefined): void {
  for (let segment = from; segment !== to && segment !== undefined; segment = segment.next) {
    if (segment.block !== undefined) blocks.give(segment.block)
  }
}

function write(chunk: Uint8Array | string, { bytes }: Block, at: number): void {
  if (typeof chunk === 'string') bytes.write(chunk, at)
  else bytes.set(chunk, at)
}
