import { Buffer } from 'node:buffer'

/** The unit in which a `WebAssembly.Memory` is made. */
const PAGE = 64 * 1024

/** As much of it as is used here: its types come with a browser's only. */
interface Wasm {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

/**
 * Memory that the addon keeps pointers into, cut into pieces. It can be neither detached nor transferred nor resized, so
 * that no program takes it from under the addon, whatever it does with input that lies there.
 */
export class PinnedMemory {
  /** Programs may be given views of it. Otherwise they get copies. */
  readonly lendable: boolean
  readonly #buffer: ArrayBufferLike
  #top = 0

  /** `size` is the sum of the pieces, each of a multiple of four bytes. */
  constructor(size: number) {
    const buffer = wasmBuffer(size)
    this.lendable = buffer !== undefined
    this.#buffer = buffer ?? new SharedArrayBuffer(size)
  }

  bytes(size: number): Buffer {
    return Buffer.from(this.#buffer as ArrayBuffer, this.#take(size), size)
  }

  numbers(count: number): Int32Array {
    return new Int32Array(this.#buffer, this.#take(count * 4), count)
  }

  #take(size: number): number {
    const start = this.#top
    this.#top += size
    return start
  }
}

/**
 * Only the `Memory` object could make the buffer grow, and it is kept by nobody. There is none under `--jitless`, nor
 * where the system grants too little address space: V8 reserves gigabytes around it, without using them.
 */
function wasmBuffer(size: number): ArrayBuffer | undefined {
  const { WebAssembly: wasm } = globalThis as { WebAssembly?: Wasm }
  if (wasm === undefined) return undefined
  try {
    const pages = Math.ceil(size / PAGE)
    return new wasm.Memory({ initial: pages, maximum: pages }).buffer
  } catch {
    return undefined
  }
}

/** The same memory as numbers; its start lies at a multiple of four. */
export function numbersOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)
}
