import type { FileRegion } from '../file-region.js'
import type { Outbox } from '../transport/outbox.js'
import type { FilePart } from '../transport/transport.js'

/** How much of a file becomes memory at a time, where the system cannot send it by itself. */
const PORTION = 256 * 1024

/** Output from the first file on, in order: parts of files, and the bytes behind them. In front of it is the outbox. */
export class Files {
  readonly #items: (FilePart | Uint8Array)[] = []
  #size = 0

  /** Bytes. */
  get size(): number {
    return this.#size
  }

  /** There is nothing more: all of it has become the outbox's, or has gone. */
  get empty(): boolean {
    return this.#items.length === 0
  }

  /** The file that follows the bytes of the outbox. */
  get first(): FilePart | undefined {
    const item = this.#items[0]
    return item instanceof Uint8Array ? undefined : item
  }

  /** Appends a part of a file, which is not empty. */
  addFile(region: FileRegion): void {
    this.#items.push({ region, at: region.start })
    this.#size += region.length
  }

  /** Appends bytes that nobody else uses. */
  addBytes(bytes: Uint8Array): void {
    this.#items.push(bytes)
    this.#size += bytes.length
  }

  /** So many bytes of the first file have been sent. */
  sent(size: number, outbox: Outbox): void {
    const { first } = this
    if (first === undefined) return
    this.#size -= size
    first.at += size
    if (first.at === first.region.end) this.#next(outbox)
  }

  /**
   * Makes the next part of the first file bytes of the outbox, where that holds little.
   *
   * @throws What reading it throws.
   */
  fill(outbox: Outbox): void {
    while (outbox.size < PORTION && this.first !== undefined) {
      const { region, at } = this.first
      const bytes = region.read(at, PORTION)
      outbox.give(bytes)
      this.sent(bytes.length, outbox)
    }
  }

  /** Gives up everything. */
  clear(): void {
    const items = this.#items.splice(0)
    this.#size = 0
    for (const item of items) if (!(item instanceof Uint8Array)) item.region.release()
  }

  /** The first file is done: the bytes behind it, up to the next file, are the outbox's. */
  #next(outbox: Outbox): void {
    const done = this.#items.shift()
    while (this.#items.length > 0 && this.first === undefined) {
      const bytes = this.#items.shift() as Uint8Array
      this.#size -= bytes.length
      outbox.give(bytes)
    }
    if (done !== undefined && !(done instanceof Uint8Array)) done.region.release()
  }
}
