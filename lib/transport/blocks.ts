import { Buffer } from 'node:buffer'

/** A block of memory for pending output. */
export interface Block {
  readonly bytes: Buffer
  /** The mapping to return to the OS when the block is free. Absent: the garbage collector frees the memory. */
  readonly mapped?: Resizable
}

/** A resizable ArrayBuffer: made with `maxByteLength`. */
interface Resizable extends ArrayBuffer {
  resize(size: number): void
}

type ResizableMaker = new (size: number, options: { maxByteLength: number }) => Resizable

/** Sizes of the first blocks of an outbox. Most outboxes need no larger ones. */
const SMALL = [16 * 1024, 64 * 1024]
/** The size of all later blocks, except for a larger chunk. */
const LARGE = 256 * 1024
/** The most blocks to map. An OS allows a process about 65,000 mappings, and a block may cost two. */
const MOST_MAPPED = 16_384
/** Milliseconds between trims, which free the blocks that were unused since the last one. */
const REST = 1000

/**
 * The memory blocks of a thread's outboxes.
 *
 * Large blocks don't come from malloc, which keeps memory that is freed in a different order than it was allocated: a
 * thousand peers that stop reading would leave a gigabyte behind. The pool maps them instead. It keeps a free block
 * for about a second, because new memory costs a page fault for every 4 KiB, then returns it to the OS without waiting
 * for the garbage collector.
 */
export class BlockPool {
  readonly #free: Block[] = []
  #mapped = 0
  /** The fewest free blocks since the last trim. */
  #leastFree = 0
  #timer: NodeJS.Timeout | undefined

  /** Returns a block of at least `size` bytes, for an outbox that has taken `asked` blocks since it was last empty. */
  take(size: number, asked: number): Block {
    const small = SMALL[asked] ?? 0
    if (size <= small) return { bytes: Buffer.allocUnsafeSlow(small) }
    if (size > LARGE) return this.#make(size)
    const block = this.#free.pop()
    if (block === undefined) return this.#make(LARGE)
    this.#leastFree = Math.min(this.#leastFree, this.#free.length)
    return block
  }

  /** Returns a block that nothing uses any more. */
  give(block: Block): void {
    if (block.mapped === undefined) return
    if (block.bytes.length !== LARGE) return this.#release(block)
    this.#free.push(block)
    this.#timer ??= setInterval(() => this.#trim(), REST).unref()
  }

  /** Drops a block that something may still use: the garbage collector frees its memory. */
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
        // The OS allows no further mapping; malloc may still have memory.
      }
    }
    return { bytes: Buffer.allocUnsafeSlow(size) }
  }

  #release({ mapped }: Block): void {
    this.#mapped--
    try {
      mapped?.resize(0)
    } catch {
      // The garbage collector frees it.
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

/** The pool of this thread. */
export const blocks = new BlockPool()
