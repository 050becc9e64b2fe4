import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How much of a child's error output to keep, to explain its end. */
const TAIL = 4000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface ChildOptions<From> {
  /** Its program, relative to this folder's parent. */
  readonly program: string
  readonly task: unknown
  readonly heard: (message: From) => void
  /** The limit on its open descriptors. */
  readonly descriptors?: number
}

/** A child process, controlled by messages. It never outlives this one, except after `kill -9`. */
export class Child<From extends { readonly kind: string }, To extends object> {
  /** Its exit code; null after a signal. */
  readonly ended: Promise<number | null>
  readonly #process: ChildProcess
  readonly #waiting = new Map<From['kind'], (message: From) => void>()
  #tail = ''

  constructor({ program, task, heard, descriptors }: ChildOptions<From>) {
    const file = join(fileURLToPath(new URL('..', import.meta.url)), program)
    const command = [process.execPath, '--expose-gc', file, JSON.stringify(task)]
    const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors} && `
    this.#process = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...command], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    running.add(this.#process)
    this.ended = new Promise(resolve => this.#process.once('close', resolve))
    this.ended.then(() => running.delete(this.#process))
    this.#process.stderr?.setEncoding('utf8').on('data', text => {
      this.#tail = (this.#tail + text).slice(-TAIL)
    })
    this.#process.on('message', message => {
      heard(message as From)
      this.#waiting.get((message as From).kind)?.(message as From)
    })
    // It may have exited in the meantime; `ended` tells.
    this.#process.on('error', () => {})
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The end of its error output. */
  get lastWords(): string {
    return this.#tail.trim()
  }

  send(message: To): void {
    if (this.#process.connected) this.#process.send(message)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** The next message of a kind. Rejects if the process ends without one, or after `patience` ms. */
  async next<Kind extends From['kind']>(
    kind: Kind,
    patience: number,
  ): Promise<Extract<From, { kind: Kind }>> {
    let timer: NodeJS.Timeout | undefined
    try {
      const message = await Promise.race([
        new Promise<From>(resolve => this.#waiting.set(kind, resolve)),
        this.ended.then(code => {
          throw new Error(`ended with ${code ?? 'a signal'}: ${this.lastWords}`)
        }),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`no answer (${kind}) in ${patience / 1000} s`)), patience)
        }),
      ])
      return message as Extract<From, { kind: Kind }>
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(kind)
    }
  }
}
