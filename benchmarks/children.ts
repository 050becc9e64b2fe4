import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Command } from './plan.js'

/** How much of a child's output to keep, to explain how it ended. */
const TAIL = 10_000
/** Milliseconds that a child has to exit by itself. */
const PATIENCE = 3000

const running = new Set<Child>()

/** A child process, which never outlives this one except after `kill -9`. */
export class Child {
  readonly pid: number
  readonly process: ChildProcess
  /** Resolves when it has exited, with its exit code, or null after a signal. */
  readonly ended: Promise<number | null>
  #tail = ''

  constructor(process: ChildProcess, pid: number) {
    this.process = process
    this.pid = pid
    this.ended = new Promise(resolve => process.once('close', code => resolve(code)))
    this.ended.then(() => running.delete(this))
    process.stderr?.setEncoding('utf8').on('data', text => this.hear(text))
    process.stdin?.on('error', () => {}) // It may have exited already; `ended` tells
    running.add(this)
  }

  get isRunning(): boolean {
    return running.has(this)
  }

  /** Why it exited, as far as the end of its error output tells. */
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

/** Returns message and code of an uncaught error that Node.js printed; any other text unchanged. */
export function gist(text: string): string {
  const message = /^\w*Error\b.*$/m.exec(text)?.[0]
  const code = /^ {2}code: '(\w+)'/m.exec(text)?.[1]
  if (message === undefined) return text.trim()
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}

/** Starts a process with pipes to all of its streams. Rejects if it can't be started. */
export async function launch({ file, args, env }: Command): Promise<Child> {
  const process_ = spawn(file, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
  await once(process_, 'spawn')
  if (process_.pid === undefined) throw new Error(`${file} has no process id`)
  return new Child(process_, process_.pid)
}

/**
 * Runs a program to its end and returns its output. Rejects with the end of its error output unless it exits with 0.
 */
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

/** Kills all running children: for the way out. */
export function stopAll(): void {
  for (const child of running) child.process.kill('SIGKILL')
}
