import { type Child, launch } from '../children.js'
import { compile } from '../compile.js'
import { LineReader } from '../lines.js'
import { built } from '../paths.js'
import type { Command } from '../plan.js'
import { gcc, isInstalled } from '../programs.js'
import type { EchoFigures, EchoWork } from './echo-client.js'

/** The load client as a process of its own: `load` with every connection open and nothing sent yet. */
export class EchoLoad {
  readonly #child: Child
  readonly #lines: LineReader

  private constructor(child: Child) {
    this.#child = child
    this.#lines = new LineReader(child)
  }

  static async connect(work: EchoWork): Promise<EchoLoad> {
    const load = new EchoLoad(await launch(await clientFor(work)))
    await load.#lines.next()
    return load
  }

  /** Does the work. Rejects when a byte is missing or is not what was sent. */
  async run(): Promise<EchoFigures> {
    this.#child.process.stdin?.write('go\n')
    const figures = JSON.parse(await this.#lines.next()) as EchoFigures
    if (figures.mismatches > 0) throw new Error(`${figures.mismatches} bytes came back wrong`)
    return figures
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    this.#child.process.stdin?.end()
    await this.#child.ended
  }
}

/** What makes the load here, for the caption. */
export function echoClientName(): string {
  return isInstalled(gcc) ? 'load by echo-load.c' : 'load by echo-load.ts (no gcc)'
}

async function clientFor({ port, size, connections, inFlight, seconds }: EchoWork): Promise<Command> {
  const options = { port, size, connections, 'in-flight': inFlight, seconds }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  if (isInstalled(gcc)) return { file: await compile('load/echo-load.c'), args }
  return { file: process.execPath, args: [built('benchmarks/load/echo-load.js'), ...args] }
}
