import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { built } from '../paths.js'

/** An example that runs as a program. */
export class ExampleProgram {
  readonly #child: ChildProcess
  #output = ''
  #errors = ''
  #closed = false
  #changed: () => void = () => {}

  /** Runs the built `examples/NAME`; `env` is added to this process's environment. */
  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const file = built(`examples/${name}.js`)
    this.#child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    this.#child.once('close', () => {
      this.#closed = true
      this.#changed()
    })
    this.#child.stdout?.on('data', text => {
      this.#output += text
      this.#changed()
    })
    this.#child.stderr?.on('data', text => {
      this.#errors += text
    })
  }

  get errors(): string {
    return this.#errors
  }

  /** Waits until its output matches, and returns the match; rejects if it ends first. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output)
      if (match !== null) return match
      if (this.#closed) throw new Error(`it ended without ${pattern}: ${this.#output}${this.#errors}`)
      await this.#more()
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for its end; returns its exit code. */
  async ended(): Promise<number | null> {
    if (!this.#closed) await once(this.#child, 'close')
    return this.#child.exitCode
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.ended()
  }

  /** Waits for output, or until it has ended and all output has been read. */
  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#changed = resolve
    })
  }
}
