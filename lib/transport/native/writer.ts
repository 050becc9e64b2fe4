import { constants } from 'node:os'
import { staleError } from '../../file-region.js'
import { goneError, isGone, type Outbox } from '../outbox.js'
import type { StagingBuffer } from '../staging.js'
import type { FilePart } from '../transport.js'
import { MAX_LENT, type Poller, Source, WRITE_SIZE } from './addon.js'
import type { NativeLink } from './link.js'

/** The most bytes in one write record. */
const MAX_LENGTH = 1 << 30
const MAX_INT = 2 ** 31 - 1
/** The most bytes of a file to send in one turn, so that a large file can't starve other connections. */
const MAX_FILE = 1024 * 1024

/** Collects the writes of all links as records: a flush is one call of the addon for all of them. */
export class NativeWriter {
  readonly #poller: Poller
  readonly #stage: StagingBuffer
  readonly #records: Int32Array
  readonly #capacity: number
  /** The link of each record. */
  readonly #links: NativeLink[] = []
  #count = 0
  /** Buffers outside the addon's memory, for the duration of the flush. */
  #lent: Uint8Array[] = []

  constructor(poller: Poller, stage: StagingBuffer, records: Int32Array) {
    this.#poller = poller
    this.#stage = stage
    this.#records = records
    this.#capacity = records.length / WRITE_SIZE
  }

  /** Records what a link has to write: the bytes of an outbox, followed by a part of a file. */
  add(link: NativeLink, outbox: Outbox, file?: FilePart | undefined): void {
    let offered = 0
    link.expected = -1
    link.taken = 0
    link.failure = undefined
    for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
      const { bytes, end } = segment
      if (isGone(segment)) {
        this.flush()
        link.failure ??= goneError(segment)
        return
      }
      for (let start = segment.start; start < end; start += MAX_LENGTH) {
        if (this.#count === this.#capacity || this.#lent.length === MAX_LENT) {
          this.flush()
          if (link.taken < offered) return
        }
        const length = Math.min(end - start, MAX_LENGTH)
        this.#record(link, bytes, start, length)
        offered += length
      }
    }
    if (file !== undefined) this.#addFile(link, file, offered)
  }

  #addFile(link: NativeLink, { region, at }: FilePart, offered: number): void {
    if (this.#count === this.#capacity || this.#lent.length === MAX_LENT) {
      this.flush()
      if (link.taken < offered) return
    }
    const { size, seconds, nanoseconds } = region.state
    const part = new BigInt64Array([BigInt(at), size, seconds, nanoseconds, BigInt(region.fd)])
    const index = this.#lent.push(new Uint8Array(part.buffer)) - 1
    const length = Math.min(region.end - at, MAX_FILE)
    link.expected = offered + length
    const record = this.#count * WRITE_SIZE
    this.#links[this.#count++] = link
    this.#records[record] = link.slot
    this.#records[record + 3] = length
    this.#locate(record, Source.File + index, region.fd)
  }

  /** Writes, and sets how much each link took. */
  flush(): void {
    const count = this.#count
    if (count === 0) return
    this.#poller.flush(count, this.#lent)
    for (let index = 0; index < count; index++) {
      const link = this.#links[index] as NativeLink
      const result = this.#records[index * WRITE_SIZE + 3] as number
      if (result >= 0) link.taken += result
      else link.failure = this.#failure(link, index, result)
    }
    this.#count = 0
    if (this.#lent.length > 0) this.#lent = []
  }

  #failure(link: NativeLink, index: number, fault: number): Error {
    const error: NodeJS.ErrnoException = link.error(fault)
    // A `prewrite` has run since the memory was looked at.
    if (error.errno === -constants.errno.EFAULT) return goneError()
    const fd = this.#records[index * WRITE_SIZE + 2] as number
    return error.errno === -constants.errno.ESTALE ? staleError(fd) : error
  }

  #record(link: NativeLink, bytes: Uint8Array, start: number, length: number): void {
    const at = this.#count * WRITE_SIZE
    this.#links[this.#count++] = link
    this.#records[at] = link.slot
    this.#records[at + 3] = length
    if (bytes === link.input) this.#locate(at, Source.Input, link.inputStart + start)
    else if (bytes === this.#stage.bytes) this.#locate(at, Source.StagingBuffer, start)
    else if (start <= MAX_INT) this.#locate(at, this.#lend(bytes), start)
    else this.#locate(at, this.#lend(bytes.subarray(start, start + length)), 0)
  }

  #locate(at: number, source: number, offset: number): void {
    this.#records[at + 1] = source
    this.#records[at + 2] = offset
  }

  /** Output that goes to many peers is listed only once. */
  #lend(bytes: Uint8Array): number {
    const last = this.#lent.length - 1
    if (last >= 0 && this.#lent[last] === bytes) return Source.Lent + last
    return Source.Lent + this.#lent.push(bytes) - 1
  }
}
