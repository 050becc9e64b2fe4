import type { Heap } from './heap.js'

/** An object that a handle can refer to. */
export interface Resident {
  /** Copies the object, possibly to another heap. */
  copy(heap: Heap): Resident
  /** Frees its memory in the heap. */
  dispose(): void
}

/** Objects by small numbers that fit in an entry. */
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

  /** Forgets the object without disposing of it. */
  remove(handle: number): Resident {
    const resident = this.get(handle)
    this.#residents[handle] = undefined
    this.#free.push(handle)
    return resident
  }
}
