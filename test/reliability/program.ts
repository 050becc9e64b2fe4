import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Address } from '../../lib/index.js'
import { SocketPeer } from '../transport/socket-peer.js'
import type { PeerOptions } from '../transport/world.js'

const fixture = fileURLToPath(new URL('fixtures/server.js', import.meta.url))

/** The purposes of a program's addresses, in order. */
const doors = ['echo', 'sink'] as const

export type Door = (typeof doors)[number]

export interface ProgramOptions {
  transport: 'net' | 'native'
  /** The limit on its open descriptors. */
  descriptors?: number
  /** Closes descriptor 0 before it binds. */
  stdin?: 'open' | 'closed'
}

/** A server in its own process, and peers for it. */
export class Program {
  readonly #child: ChildProcess
  readonly #peers: SocketPeer[] = []
  readonly #waiting = new Map<
    string,
    { resolve: (answer: unknown) => void; reject: (error: Error) => void }
  >()
  #addresses: readonly Address[] = []
  errors = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', text => {
      this.errors += text
    })
    child.on('message', ({ question, answer }: { question: string; answer: unknown }) => {
      this.#waiting.get(question)?.resolve(answer)
      this.#waiting.delete(question)
    })
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the program has ended: ${this.errors}`))
    })
  }

  /** Starts a server, which ends with the test. */
  static async start(t: Test, options: ProgramOptions): Promise<Program> {
    const { transport, descriptors, stdin = 'open' } = options
    const address = transport === 'net' ? 'tcp4-net://127.0.0.1:0' : 'tcp4://127.0.0.1:0'
    const command = [process.execPath, ...process.execArgv, fixture, address, stdin]
    const limited = ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', ...command]
    const [program = '', ...args] = descriptors === undefined ? command : limited
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    const started = new Program(child)
    t.teardown(() => started.#end())
    started.#addresses = await started.#answer('addresses')
    return started
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The number of its open descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length
  }

  /** Asks it a question of the fixture. */
  ask<T>(question: string): Promise<T> {
    const answer = this.#answer<T>(question)
    this.#child.send(question)
    return answer
  }

  connect(door: Door = 'echo', options: PeerOptions = {}): SocketPeer {
    const address = this.#addresses[doors.indexOf(door)]
    if (address === undefined) throw new Error(`it has no ${door}`)
    const peer = new SocketPeer(address, options)
    this.#peers.push(peer)
    return peer
  }

  #answer<T>(question: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(question, { resolve: answer => resolve(answer as T), reject })
    })
  }

  async #end(): Promise<void> {
    for (const peer of this.#peers) peer.close()
    if (!this.running) return
    const gone = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }
}
