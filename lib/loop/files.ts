import type { FileRegion } from '../file-region.js'
import type { Outbox } from '../transport/outbox.js'
import type { FilePart } from '../transport/transport.js'

/** How much of a file to read into memory at a time, if the system can't send it directly. */
const PORTION = 256 * 1024

/**
 * Output from the first file on, in order: parts of files, and the bytes that follow them. The outbox precedes it.
 */
export class Files {
  readonly #items: (FilePart | Uint8Array)[] = []
  #size = 0

  /** Bytes. */
  get size(): number {
    return this.#size
  }

  /** Nothing is left: all of it has moved to the outbox or been sent. */
  get empty(): boolean {
    return this.#items.length === 0
  }

  /** The file that follows the outbox's bytes. */
  get first(): FilePart | undefined {
    const item = this.#items[0]
    return item instanceof Uint8Array ? undefined : item
  }

  /** Appends a part of a file, which must not be empty. */
  addFile(region: FileRegion): void {
    this.#items.push({ region, at: region.start })
    this.#size += region.length
  }

  /** Appends bytes that nothing else uses. */
  addBytes(bytes: Uint8Array): void {
    this.#items.push(bytes)
    this.#size += bytes.length
  }

  /** This many bytes of the first file have been sent. */
  sent(size: number, outbox: Outbox): void {
    const { first } = this
    if (first === undefined) return
    this.#size -= size
    first.at += size
    if (first.at === first.region.end) this.#next(outbox)
  }

  /**
   * Reads the next part of the first file into the outbox, if that holds little.
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

  /** Discards everything. */
  clear(): void {
    const items = this.#items.splice(0)
    this.#size = 0
    for (const item of items) if (!(item instanceof Uint8Array)) item.region.release()
  }

  /** The first file is done: bytes up to the next file move to the outbox. */
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
