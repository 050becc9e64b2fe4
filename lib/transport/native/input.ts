import { Buffer } from 'node:buffer'
import type { Host } from '../transport.js'
import { EVENT_SIZE } from './addon.js'
import type { PinnedMemory } from './memory.js'

/** The addon's input for a turn: event records, and the slab that their bytes are in. */
export class NativeInput {
  readonly bytes: Buffer
  readonly events: Int32Array
  /** The same slab, as integers. */
  readonly words: Int32Array
  /** Whether input is passed as views of the slab, or as copies. */
  readonly shared: boolean
  /** The views of the last turn, by the index of their event. */
  readonly #views: Buffer[] = []
  /** The offset and length of each view, in case a program has changed the view's properties. */
  readonly #starts: number[] = []
  readonly #lengths: number[] = []

  constructor(memory: PinnedMemory, size: number, mostEvents: number) {
    this.bytes = memory.bytes(size)
    this.words = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, size / 4)
    this.events = memory.numbers(mostEvents * EVENT_SIZE)
    this.shared = memory.lendable
  }

  /** Runs a turn, and calls `deliver` with the offset of each record. */
  turn(host: Host, count: number, deliver: (at: number) => void): void {
    host.turn(() => {
      for (let at = 0; at < count * EVENT_SIZE; at += EVENT_SIZE) {
        try {
          deliver(at)
        } catch (error) {
          // The host catches what handlers throw, so this is a bug in revio. It becomes an uncaught exception, but the
          // other events are still delivered.
          process.nextTick(() => {
            throw error
          })
        }
      }
    })
  }

  /** Under steady load a turn's input is at the same offsets as the last one's, so the same views can be reused. */
  view(at: number, start: number, length: number): Buffer {
    if (!this.shared) return Buffer.from(this.bytes.subarray(start, start + length))
    const place = at / EVENT_SIZE
    if (this.#starts[place] === start && this.#lengths[place] === length) return this.#views[place] as Buffer
    const view = this.bytes.subarray(start, start + length)
    this.#views[place] = view
    this.#starts[place] = start
    this.#lengths[place] = length
    return view
  }

  /** Returns bytes of the slab as text, such as a name. */
  text(start: number, length: number): string {
    return this.bytes.toString('latin1', start, start + length)
  }
}
