import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Command } from './plan.js'

/** How much of what a child says is kept to explain its end. */
const TAIL = 10_000
/** Milliseconds a child has to end on its own. */
const PATIENCE = 3000

const running = new Set<Child>()

/** A process that we started, and that we end: it never outlives this one, short of `kill -9`. */
export class Child {
  readonly pid: number
  readonly process: ChildProcess
  /** Settles when it has ended, with its exit code, or null after a signal. */
  readonly ended: Promise<number | null>
  #tail = ''

  constructor(process: ChildProcess, pid: number) {
    this.process = process
    this.pid = pid
    this.ended = new Promise(resolve => process.once('close', code => resolve(code)))
    this.ended.then(() => running.delete(this))
    process.stderr?.setEncoding('utf8').on('data', text => this.hear(text))
    process.stdin?.on('error', () => {}) // it may be gone already; `ended` tells
    running.add(this)
  }

  get isRunning(): boolean {
    return running.has(this)
  }

  /** Why it ended, as far as the last of its error output tells. */
  get lastWords(): string {
    return gist(this.#tail)
  }

  hear(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL)
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM')
    const timer = setTimeout(() => this.process.kill('SIGKILL'), PATIENCE)
    await this.ended
    clearTimeout(timer)
  }
}

/** Of an uncaught error, as Node.js prints it, its message and its code; of other text all. */
export function gist(text: string): string {
  const message = /^\w*Error\b.*$/m.exec(text)?.[0]
  const code = /^ {2}code: '(\w+)'/m.exec(text)?.[1]
  if (message === undefined) return text.trim()
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}

/** Starts a process with pipes to all of its streams. Rejects where it cannot be started. */
export async function launch({ file, args, env }: Command): Promise<Child> {
  const process_ = spawn(file, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
  await once(process_, 'spawn')
  if (process_.pid === undefined) throw new Error(`${file} has no process id`)
  return new Child(process_, process_.pid)
}

/** Runs a program to its end and answers what it printed. Rejects with its last words unless it exits with 0. */
export async function runToEnd(command: Command): Promise<string> {
  const child = await launch(command)
  let output = ''
  child.process.stdin?.end()
  child.process.stdout?.setEncoding('utf8').on('data', text => {
    output += text
  })
  const code = await child.ended
  if (code !== 0)
    throw new Error(`${command.file} ended with ${code ?? 'a signal'}: ${child.lastWords || output.trim()}`)
  return output
}

/** Ends at once whatever is still running: for the way out. */
export function stopAll(): void {
  for (const child of running) child.process.kill('SIGKILL')
}
