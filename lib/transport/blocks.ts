import { Buffer } from 'node:buffer'

/** Memory that output waits in. */
export interface Block {
  readonly bytes: Buffer
  /** Gives its memory back to the system, when nobody uses it any more. Absent: the garbage collector does. */
  readonly mapped?: Resizable
}

/** An ArrayBuffer that was made with `maxByteLength`, as far as it is used here. */
interface Resizable extends ArrayBuffer {
  resize(size: number): void
}

type ResizableMaker = new (size: number, options: { maxByteLength: number }) => Resizable

/** The first blocks of an outbox: most of them never hold much. */
const SMALL = [16 * 1024, 64 * 1024]
/** All others have this size, or that of what does not fit. */
const LARGE = 256 * 1024
/** More of them are not mapped: systems grant a process some 65,000 mappings, of which each may cost two. */
const MOST_MAPPED = 16_384
/** Milliseconds after which blocks that were not used meanwhile are given back. */
const REST = 1000

/**
 * The blocks of a thread.
 *
 * Large ones do not come from malloc, which keeps memory of a size that is freed in another order than it was asked for:
 * a thousand deaf peers would leave a gigabyte behind. They are mapped, kept for a second for whoever comes next, as new
 * memory costs a page fault for every 4 KiB, and given back without waiting for the garbage collector.
 */
export class BlockPool {
  readonly #free: Block[] = []
  #mapped = 0
  /** The fewest that were free since the timer last ran. */
  #leastFree = 0
  #timer: NodeJS.Timeout | undefined

  /** One of at least `size` bytes, for an outbox that has asked for `asked` blocks since it was empty. */
  take(size: number, asked: number): Block {
    const small = SMALL[asked] ?? 0
    if (size <= small) return { bytes: Buffer.allocUnsafeSlow(small) }
    if (size > LARGE) return this.#make(size)
    const block = this.#free.pop()
    if (block === undefined) return this.#make(LARGE)
    this.#leastFree = Math.min(this.#leastFree, this.#free.length)
    return block
  }

  /** Nobody uses the block any more. */
  give(block: Block): void {
    if (block.mapped === undefined) return
    if (block.bytes.length !== LARGE) return this.#release(block)
    this.#free.push(block)
    this.#timer ??= setInterval(() => this.#trim(), REST).unref()
  }

  /** Somebody may still use the block: its memory is the garbage collector's. */
  abandon(block: Block): void {
    if (block.mapped !== undefined) this.#mapped--
  }

  #make(size: number): Block {
    if (this.#mapped < MOST_MAPPED) {
      try {
        const mapped = new (ArrayBuffer as unknown as ResizableMaker)(size, { maxByteLength: size })
        const block = { bytes: Buffer.from(mapped), mapped }
        if (typeof mapped.resize === 'function') {
          this.#mapped++
          return block
        }
      } catch {
        // The system grants no mapping: malloc may still have memory.
      }
    }
    return { bytes: Buffer.allocUnsafeSlow(size) }
  }

  #release({ mapped }: Block): void {
    this.#mapped--
    try {
      mapped?.resize(0)
    } catch {
      // The garbage collector gives it back.
    }
  }

  #trim(): void {
    for (let left = this.#leastFree; left > 0; left--) {
      const block = this.#free.shift()
      if (block !== undefined) this.#release(block)
    }
    this.#leastFree = this.#free.length
    if (this.#free.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** This thread's. */
export const blocks = new BlockPool()
