import { Buffer } from 'node:buffer'
import type { Host } from '../transport.js'
import { EVENT_SIZE } from './addon.js'
import type { PinnedMemory } from './memory.js'

/** What the addon leaves for a turn: records of events, and the slab in which the bytes lie that they speak of. */
export class NativeInput {
  readonly bytes: Buffer
  readonly events: Int32Array
  /** The same slab, as numbers. */
  readonly words: Int32Array
  /** Views of the slab are handed out; otherwise copies are. */
  readonly shared: boolean
  /** The views that were handed out last, by the place of their event in the turn. */
  readonly #views: Buffer[] = []
  /** Where they begin and how long they are, whatever a program has since made of their properties. */
  readonly #starts: number[] = []
  readonly #lengths: number[] = []

  constructor(memory: PinnedMemory, size: number, mostEvents: number) {
    this.bytes = memory.bytes(size)
    this.words = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, size / 4)
    this.events = memory.numbers(mostEvents * EVENT_SIZE)
    this.shared = memory.lendable
  }

  /** Runs a turn: `deliver` gets the place of each of its records. */
  turn(host: Host, count: number, deliver: (at: number) => void): void {
    host.turn(() => {
      for (let at = 0; at < count * EVENT_SIZE; at += EVENT_SIZE) {
        try {
          deliver(at)
        } catch (error) {
          // The host catches what handlers throw. This is a fault of ours: uncaught, but it costs the others no byte.
          process.nextTick(() => {
            throw error
          })
        }
      }
    })
  }

  /** Under steady load a turn's input lies where the last one's did: the same views serve again. */
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

  /** Bytes of the slab that are text, such as a name. */
  text(start: number, length: number): string {
    return this.bytes.toString('latin1', start, start + length)
  }
}
