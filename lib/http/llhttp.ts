import { Buffer } from 'node:buffer'
import simd from 'undici/lib/llhttp/llhttp_simd-wasm.js'
import plain from 'undici/lib/llhttp/llhttp-wasm.js'
import { RevioError } from '../errors.js'

/*
 * The only module that knows where llhttp comes from. undici does not document these files, so its version is pinned
 * exactly, and a test covers every function used here.
 */

/** The results of `execute`. Any other value is an error. */
export const OK = 0
export const CLOSED = 5
export const INVALID_METHOD = 6
export const PAUSED = 21
export const PAUSED_UPGRADE = 22
export const PAUSED_H2_UPGRADE = 23

/** A callback returns this to make `execute` return an error. */
export const STOP = -1

/** Receives the events of one parser during `execute`. Offsets are into the bytes passed to `execute`. */
export interface Callbacks {
  url(start: number, end: number): void
  field(start: number, end: number): void
  value(start: number, end: number): void
  /** Returns 0 to continue, or `STOP`. */
  headersComplete(upgrade: boolean, keepAlive: boolean): number
  body(start: number, end: number): number
  /** Returns 0 to continue, or `PAUSED`. */
  messageComplete(): number
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  malloc(size: number): number
  llhttp_alloc(type: number): number
  llhttp_free(parser: number): void
  llhttp_reset(parser: number): void
  llhttp_execute(parser: number, bytes: number, length: number): number
  llhttp_resume(parser: number): void
  llhttp_resume_after_upgrade(parser: number): void
  llhttp_get_method(parser: number): number
  llhttp_get_error_pos(parser: number): number
  llhttp_get_error_reason(parser: number): number
}

/** llhttp's type number of request parsers. */
const REQUEST = 1

/** The most bytes to parse in one call. */
export const BLOCK = 64 * 1024

/** llhttp in the memory that all parsers share. Calls the callbacks of the running parser. */
class Machine {
  readonly #exports: Exports
  readonly #block: number
  #heap: Uint8Array
  #running: Callbacks = nobody
  #thrown: { thrown: unknown } | undefined

  constructor() {
    this.#exports = instantiate(this.#imports())
    this.#block = this.#exports.malloc(BLOCK)
    this.#heap = new Uint8Array(this.#exports.memory.buffer)
  }

  alloc(): number {
    const parser = this.#exports.llhttp_alloc(REQUEST)
    // Growing the memory replaces its buffer.
    this.#heap = new Uint8Array(this.#exports.memory.buffer)
    return parser
  }

  free(parser: number): void {
    this.#exports.llhttp_free(parser)
  }

  reset(parser: number): void {
    this.#exports.llhttp_reset(parser)
  }

  resume(parser: number): void {
    this.#exports.llhttp_resume(parser)
  }

  resumeAfterUpgrade(parser: number): void {
    this.#exports.llhttp_resume_after_upgrade(parser)
  }

  method(parser: number): number {
    return this.#exports.llhttp_get_method(parser)
  }

  /** Where the last `execute` stopped, as an offset into its bytes. */
  position(parser: number): number {
    return this.#exports.llhttp_get_error_pos(parser) - this.#block
  }

  /** Why the last `execute` failed, in llhttp's words; empty if it gave no reason. */
  reason(parser: number): string {
    const start = this.#exports.llhttp_get_error_reason(parser)
    if (start === 0) return ''
    return Buffer.from(this.#heap.subarray(start, this.#heap.indexOf(0, start))).toString('latin1')
  }

  /** Parses at most `BLOCK` bytes. Must not be called from a callback. */
  execute(parser: number, bytes: Uint8Array, callbacks: Callbacks): number {
    this.#heap.set(bytes, this.#block)
    this.#running = callbacks
    const result = this.#exports.llhttp_execute(parser, this.#block, bytes.length)
    this.#running = nobody
    if (this.#thrown !== undefined) this.#rethrow(this.#thrown.thrown)
    return result
  }

  #rethrow(thrown: unknown): never {
    this.#thrown = undefined
    throw thrown
  }

  /** Guards only the callbacks that may throw; the others store numbers. */
  #imports() {
    const at = (pointer: number) => pointer - this.#block
    return {
      wasm_on_message_begin: () => 0,
      wasm_on_status: () => 0,
      wasm_on_url: (_parser: number, pointer: number, length: number) => {
        this.#running.url(at(pointer), at(pointer) + length)
        return 0
      },
      wasm_on_header_field: (_parser: number, pointer: number, length: number) => {
        this.#running.field(at(pointer), at(pointer) + length)
        return 0
      },
      wasm_on_header_value: (_parser: number, pointer: number, length: number) => {
        this.#running.value(at(pointer), at(pointer) + length)
        return 0
      },
      wasm_on_headers_complete: (_parser: number, _status: number, upgrade: number, keepAlive: number) => {
        try {
          return this.#running.headersComplete(upgrade !== 0, keepAlive !== 0)
        } catch (thrown) {
          return this.#threw(thrown)
        }
      },
      wasm_on_body: (_parser: number, pointer: number, length: number) => {
        try {
          return this.#running.body(at(pointer), at(pointer) + length)
        } catch (thrown) {
          return this.#threw(thrown)
        }
      },
      wasm_on_message_complete: () => this.#running.messageComplete(),
    }
  }

  /** An exception must not unwind llhttp's frames, so `execute` throws it after they have returned. */
  #threw(thrown: unknown): number {
    this.#thrown = { thrown }
    return STOP
  }
}

/** The callbacks while no parser runs. */
const nobody: Callbacks = {
  url() {},
  field() {},
  value() {},
  headersComplete: () => STOP,
  body: () => STOP,
  messageComplete: () => STOP,
}

let machine: Machine | undefined

/**
 * llhttp, compiled on first use.
 *
 * @throws `ERR_UNSUPPORTED` without WebAssembly, as under `--jitless`.
 */
export function llhttp(): Machine {
  machine ??= new Machine()
  return machine
}

export type { Machine }

/** The part of WebAssembly that llhttp needs. This library is compiled without the DOM types, which declare it. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object
  Instance: new (
    module: object,
    imports: Record<string, Record<string, (...numbers: number[]) => number>>,
  ) => { readonly exports: unknown }
}

function instantiate(env: Record<string, (...numbers: number[]) => number>): Exports {
  const { WebAssembly: wasm } = globalThis as { WebAssembly?: Wasm }
  if (wasm === undefined) {
    throw new RevioError(
      'ERR_UNSUPPORTED',
      'http: parsing requests requires WebAssembly, which is not available',
    )
  }
  return new wasm.Instance(compile(wasm), { env }).exports as Exports
}

function compile({ Module }: Wasm): object {
  try {
    return new Module(simd)
  } catch {
    return new Module(plain)
  }
}
