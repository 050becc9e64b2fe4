import { type Child, launch } from '../children.js'
import { LineReader } from '../lines.js'
import { built } from '../paths.js'

/** The client that holds idle connections, in a process of its own. */
export class IdleLoad {
  readonly #child: Child

  private constructor(child: Child) {
    this.#child = child
  }

  /** Settles when every connection is open and has had its answer; rejects when one has not. */
  static async connect(work: {
    port: number
    connections: number
    send: string
    expect: string
  }): Promise<IdleLoad> {
    const options = Object.entries(work).flatMap(([name, value]) => [`--${name}=${value}`])
    const child = await launch({
      file: process.execPath,
      args: [built('benchmarks/load/idle-load.js'), ...options],
    })
    await new LineReader(child).next()
    return new IdleLoad(child)
  }

  async close(): Promise<void> {
    this.#child.process.stdin?.end()
    await this.#child.ended
  }
}
