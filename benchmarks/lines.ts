import type { Child } from './children.js'

/** Reads a child's output line by line. */
export class LineReader {
  readonly #child: Child
  readonly #lines: AsyncIterator<string>

  constructor(child: Child) {
    this.#child = child
    this.#lines = linesOf(child)
  }

  /** The next line. Rejects with the end of the child's error output if it exits without one. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (!done) return value
    await this.#child.ended
    throw new Error(this.#child.lastWords || `${this.#child.process.spawnfile} ended without an answer`)
  }
}

async function* linesOf({ process }: Child): AsyncGenerator<string> {
  let partial = ''
  for await (const text of process.stdout?.setEncoding('utf8') ?? []) {
    const lines = `${partial}${text}`.split('\n')
    partial = lines.pop() ?? ''
    yield* lines
  }
}
