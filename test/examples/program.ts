import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** An example that runs as a program of its own. */
export class ExampleProgram {
  readonly #child: ChildProcess
  #output = ''
  #errors = ''

  /** Runs `examples/NAME` as the tests are run. */
  constructor(name: string, ...args: string[]) {
    const file = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
    this.#child = spawn(process.execPath, [...process.execArgv, file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.on('data', text => {
      this.#output += text
    })
    this.#child.stderr?.on('data', text => {
      this.#errors += text
    })
  }

  get errors(): string {
    return this.#errors
  }

  /** Waits for its output to match, and answers the match; rejects when it ends without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output)
      if (match !== null) return match
      const { stdout } = this.#child
      if (stdout === null || stdout.readableEnded) {
        throw new Error(`it ended without ${pattern}: ${this.#output}${this.#errors}`)
      }
      await Promise.race([once(stdout, 'data'), once(stdout, 'end')])
    }
  }

  /** Bytes of memory that are its own, where the system tells. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for its end, and answers its exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close')
    return this.#child.exitCode
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.ended()
  }
}
