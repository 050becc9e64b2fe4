import { Buffer } from 'node:buffer'
import { markAsUntransferable } from 'node:worker_threads'
import type { Host } from '../transport.js'
import { EVENT_SIZE } from './addon.js'

/** What the addon leaves for a turn: records of events, and the slab in which the bytes lie that they speak of. */
export class NativeInput {
  readonly bytes: Buffer
  readonly events: Int32Array
  /** The views of the slab that were handed out last, by the place of their event in the turn. */
  readonly #views: Buffer[] = []

  constructor(size: number, mostEvents: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.events = new Int32Array(mostEvents * EVENT_SIZE)
    // A program that gave this memory away would take it from under the addon.
    markAsUntransferable(this.bytes.buffer)
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
    const last = this.#views[at / EVENT_SIZE]
    if (last?.byteOffset === start && last.length === length) return last
    const view = this.bytes.subarray(start, start + length)
    this.#views[at / EVENT_SIZE] = view
    return view
  }
}
