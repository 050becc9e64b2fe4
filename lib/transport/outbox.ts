import { Buffer } from 'node:buffer'
import { lengthOf } from '../bytes.js'
import { RevioError } from '../errors.js'

/** A run of pending bytes: `bytes[start, end)`. */
export interface Segment {
  bytes: Uint8Array
  start: number
  end: number
  /** False while the bytes are somebody else's and only lent until the end of the attempt to write them. */
  owned: boolean
  next: Segment | undefined
}

/** Owned blocks are at least this large, so that many small pieces behind a slow peer share one. */
const BLOCK = 16 * 1024

/**
 * Output that has not been written yet, in order. It is only ever appended to at its end and taken from at its front;
 * nothing replaces it.
 */
export class Outbox {
  #first: Segment | undefined
  #last: Segment | undefined
  #size = 0
  /** Some run may be lent. */
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
    this.#lent = true
    this.#size += end - start
    if (last !== undefined && !last.owned && last.bytes === bytes && last.end === start) last.end = end
    else this.#push({ bytes, start, end, owned: false, next: undefined })
  }

  /** Appends bytes without copying them. Nobody else uses them any more. */
  give(bytes: Uint8Array): void {
    const size = lengthOf(bytes)
    this.#size += size
    this.#push({ bytes, start: 0, end: size, owned: true, next: undefined })
  }

  /** Appends a copy of a chunk that is `size` bytes long. */
  append(chunk: Uint8Array | string, size: number): void {
    this.#size += size
    const last = this.#last
    if (last?.owned === true && last.bytes.length - last.end >= size) {
      copy(chunk, last.bytes, last.end)
      last.end += size
      return
    }
    const bytes = Buffer.allocUnsafeSlow(Math.max(size, BLOCK))
    copy(chunk, bytes, 0)
    this.#push({ bytes, start: 0, end: size, owned: true, next: undefined })
  }

  /** After an attempt: removes the `taken` oldest bytes and copies what is left of lent ones. */
  settle(taken: number): void {
    this.#remove(taken)
    if (!this.#lent) return
    this.#lent = false
    for (let segment = this.#first; segment !== undefined; segment = segment.next) {
      if (!segment.owned) own(segment)
    }
  }

  /** Gives up everything. */
  clear(): void {
    this.#first = undefined
    this.#last = undefined
    this.#size = 0
  }

  #remove(taken: number): void {
    this.#size -= taken
    if (this.#size === 0) return this.clear()
    let left = taken
    let segment = this.#first
    while (segment !== undefined && left >= segment.end - segment.start) {
      left -= segment.end - segment.start
      segment = segment.next
    }
    this.#first = segment
    if (segment !== undefined) segment.start += left
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

function own(segment: Segment): void {
  const size = segment.end - segment.start
  const bytes = Buffer.allocUnsafeSlow(size)
  if (isGone(segment)) bytes.fill(0)
  else bytes.set(segment.bytes.subarray(segment.start, segment.end))
  segment.bytes = bytes
  segment.start = 0
  segment.end = size
  segment.owned = true
}

function copy(chunk: Uint8Array | string, into: Uint8Array, at: number): void {
  if (typeof chunk === 'string') (into as Buffer).write(chunk, at)
  else into.set(chunk, at)
}
