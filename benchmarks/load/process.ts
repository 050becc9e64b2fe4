import { type Child, launch } from '../children.js'
import { LineReader } from '../lines.js'
import type { Command } from '../plan.js'

/**
 * A load generator in its own process, so that it does not share a core with the measuring process. It connects and
 * prints `ready`, works when a line arrives on its input, prints one line of JSON, and keeps its connections until its
 * input ends: the measurement includes neither opening nor closing them.
 */
export class LoadProcess {
  readonly #child: Child
  readonly #lines: LineReader

  private constructor(child: Child) {
    this.#child = child
    this.#lines = new LineReader(child)
  }

  /** Resolves when it is ready. Rejects with its error output if it exits instead. */
  static async start(command: Command): Promise<LoadProcess> {
    const load = new LoadProcess(await launch(command))
    await load.#lines.next()
    return load
  }

  /** Runs it; resolves to its figures, whose shape depends on the generator. */
  async run<Figures>(): Promise<Figures> {
    this.#child.process.stdin?.write('go\n')
    return JSON.parse(await this.#lines.next()) as Figures
  }

  /** Closes its connections and ends it. */
  async close(): Promise<void> {
    this.#child.process.stdin?.end()
    await this.#child.ended
  }
}

/** `{ 'in-flight': 16 }` as `--in-flight=16`. */
export function options(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}
