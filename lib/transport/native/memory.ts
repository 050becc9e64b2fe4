import { Buffer } from 'node:buffer'

/** The page size of a `WebAssembly.Memory`. */
const PAGE = 64 * 1024

/** The part of WebAssembly that this module uses; TypeScript has its types only in the DOM library. */
interface Wasm {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

/**
 * Memory that the addon keeps pointers into, divided into pieces. It can't be detached, transferred or resized, so no
 * program can free it under the addon through input that lies there.
 */
export class PinnedMemory {
  /** Whether programs may get views of it; otherwise they get copies. */
  readonly lendable: boolean
  readonly #buffer: ArrayBufferLike
  #top = 0

  /** `size` is the sum of all pieces. Each is a multiple of four bytes. */
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
 * Only the `Memory` object could grow the buffer, and it is dropped here. Returns undefined under `--jitless`, or if
 * the OS grants too little address space: V8 reserves gigabytes around the buffer, without using them.
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

/** The same memory as integers; it must start at a multiple of four. */
export function numbersOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)
}
