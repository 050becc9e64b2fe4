import type { Heap } from './heap.js'

/** What a handle may stand for. */
export interface Resident {
  /** The same once more, in a heap that may be another. */
  copy(heap: Heap): Resident
  /** Gives back what it holds of the heap. */
  dispose(): void
}

/** Objects that entries refer to, by small numbers that fit in an entry. */
export class Objects {
  readonly #residents: (Resident | undefined)[] = []
  readonly #free: number[] = []

  add(resident: Resident): number {
    const handle = this.#free.pop() ?? this.#residents.length
    this.#residents[handle] = resident
    return handle
  }

  get(handle: number): Resident {
    return this.#residents[handle] as Resident
  }

  /** Forgets the object, without disposing of it. */
  remove(handle: number): Resident {
    const resident = this.get(handle)
    this.#residents[handle] = undefined
    this.#free.push(handle)
    return resident
  }
}
