import { Buffer } from 'node:buffer'
import type { Out } from 'revio'
import { streamBytes, text } from './bytes.js'
import type { OutPlan } from './plan.js'

/** Streams from this number on are output; lower ones are sent by peers. */
const FIRST_OUTPUT = 1000

/** Makes the output that plans request, and overwrites the buffers as soon as the program may reuse them. */
export class Output {
  #count = 0
  #lent: Buffer[] = []

  /** The value to return or send, and the bytes that it should produce. `input` is what an echo returns. */
  make(plan: OutPlan, input: Buffer | null | undefined): { out: Out; bytes: Buffer } {
    this.#count += 1
    const stream = FIRST_OUTPUT + this.#count
    if (plan.kind === 'text') {
      const out = text(this.#count, plan.size)
      return { out, bytes: Buffer.from(out) }
    }
    if (plan.kind === 'echo' && input instanceof Buffer) return { out: [input], bytes: Buffer.from(input) }
    if (plan.kind === 'list') return this.#list(plan.sizes, stream)
    const bytes = streamBytes(stream, 0, plan.kind === 'bytes' ? plan.size : 5)
    return { out: this.#lend(bytes), bytes }
  }

  /** The buffer belongs to the program again: whoever still reads it reads something else. */
  lend(buffer: Buffer): void {
    this.#lent.push(buffer)
  }

  spoil(): void {
    for (const buffer of this.#lent) buffer.fill(0xee)
    this.#lent.length = 0
  }

  /** Alternates strings and buffers. */
  #list(sizes: readonly number[], stream: number): { out: Out; bytes: Buffer } {
    const chunks = sizes.map((size, index) =>
      index % 2 === 0 ? this.#lend(streamBytes(stream, index * size, size)) : text(stream + index, size),
    )
    return { out: chunks, bytes: Buffer.concat(chunks.map(chunk => Buffer.from(chunk))) }
  }

  #lend(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes)
    this.#lent.push(copy)
    return copy
  }
}
