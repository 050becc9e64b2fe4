import { once } from 'node:events'
import type { MessagePort, Transferable } from 'node:worker_threads'
import { Worker } from 'node:worker_threads'
import { asError, RevioError } from '../errors.js'
import type { PlainAddress } from './options.js'
import { errorOf, type Fault, type Order, type Report, type Start } from './protocol.js'
import type { Watched } from './stall-watch.js'

/**
 * The worker's program, next to this file and of the same kind: sources may be running under a loader.
 *
 * @throws `ERR_UNSUPPORTED` in a bundle, which has no such file.
 */
function program(): URL {
  const { url = '' } = import.meta as { url?: string }
  const kind = /\/loops\/loop-worker(\.[jt]s)$/.exec(url)?.[1]
  if (kind !== undefined) return new URL(`./worker${kind}`, url)
  const why =
    'serveLoops: its threads load files of revio, which a bundle has none of; keep revio out of the bundle'
  throw new RevioError('ERR_UNSUPPORTED', why)
}

/** Events of a loop's worker. */
export interface WorkerEvents {
  /** Its shutdown has begun. */
  readonly ending: (timeout: number, grace: number) => void
  /** It has ended; with an error if `serving` or `tick` threw. */
  readonly ended: (error: Error | undefined) => void
  /** It has crashed. */
  readonly died: (error: Error) => void
  /** It was stalled, and responds again. */
  readonly recovered: () => void
}

type Answer = (outcome: { readonly report?: Report; readonly error?: Error }) => void

/** A loop in a worker thread, as seen by the thread that started it. */
export class LoopWorker implements Watched {
  readonly index: number
  /** Whether it can be reached. */
  alive = true
  /** It has loaded its module and bound its addresses: from now on, only handlers hold its thread. */
  bound = false
  /** It has not responded for a while; orders wait for it. */
  stalled = false
  readonly #worker: Worker
  readonly #events: WorkerEvents
  #ended = false
  #error: Error | undefined
  #answer: Answer | undefined
  /** Outstanding answers that no one waits for any more. */
  #abandoned = 0
  #awaited = false
  #missed = 0

  constructor(start: Start, events: WorkerEvents) {
    this.index = start.index
    this.#events = events
    this.#worker = new Worker(program(), { workerData: start, name: `revio loop ${start.index}` })
    this.#worker.on('message', (report: Report) => this.#heard(report))
    this.#worker.on('error', error => {
      this.#error ??= asError(error, 'the thread')
    })
    this.#worker.on('messageerror', error => {
      this.#error ??= error
    })
    this.#worker.on('exit', code => this.#exited(code))
  }

  /** Binds the loop's own addresses, and returns them. */
  async bind(known: readonly (PlainAddress | undefined)[]): Promise<readonly (PlainAddress | undefined)[]> {
    const report = await this.#ask({ kind: 'bind', known })
    return report.kind === 'bound' ? report.addresses : []
  }

  /** Starts serving; the loop may already have ended when this resolves. */
  async run(addresses: readonly PlainAddress[]): Promise<void> {
    await this.#ask({ kind: 'run', addresses })
  }

  /** Loads other handlers. */
  async load(module: string, version: number): Promise<void> {
    const report = await this.#ask({ kind: 'load', module, version })
    if (report.kind === 'loaded' && report.fault !== undefined) throw errorOf(report.fault)
  }

  /** Installs the loaded handlers. */
  async swap(): Promise<void> {
    const report = await this.#ask({ kind: 'swap', taken: true })
    if (report.kind === 'swapped' && report.fault !== undefined) throw errorOf(report.fault)
  }

  /** Sends an order that needs no answer. */
  tell(order: Order, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(order, transfer)
  }

  beat(): number {
    if (this.#awaited) this.#missed++
    else this.tell({ kind: 'ping' })
    this.#awaited = true
    return this.#missed
  }

  /**
   * Whoever waits for an answer gets this error, if there is one; the loop carries the order out when it responds
   * again.
   */
  stall(error: Error | undefined): void {
    this.stalled = true
    if (error === undefined) return
    if (this.#answer !== undefined) this.#abandoned++
    this.#settle({ error })
  }

  /** Terminates the thread as if it had crashed with this error. */
  kill(error: Error): void {
    this.#error ??= error
    void this.#worker.terminate()
  }

  meet(index: number, port: MessagePort): void {
    this.tell({ kind: 'meet', index, port }, [port])
  }

  async terminate(): Promise<void> {
    this.#ended = true
    if (!this.alive) return
    const gone = once(this.#worker, 'exit')
    await this.#worker.terminate()
    if (this.alive) await gone
  }

  #ask(order: Order): Promise<Report> {
    return new Promise((resolve, reject) => {
      const answer: Answer = ({ report, error }) => (report === undefined ? reject(error) : resolve(report))
      if (this.stalled)
        return answer({ error: new RevioError('ERR_STALLED', `loop ${this.index} is stalled`) })
      if (!this.alive) return answer({ error: this.#error ?? new Error(`loop ${this.index} has ended`) })
      this.#answer = answer
      this.tell(order)
    })
  }

  #heard(report: Report): void {
    if (report.kind === 'ending') return this.#events.ending(report.timeout, report.grace)
    if (report.kind === 'alive') return this.#responded()
    if (report.kind === 'unfit') return this.#unfit(report.fault)
    if (report.kind === 'bound') this.bound = true
    if (report.kind === 'ended') {
      this.#ended = true
      this.#events.ended(report.fault && errorOf(report.fault))
    }
    if (this.#abandoned === 0) this.#settle({ report })
    else this.#abandoned--
  }

  #responded(): void {
    this.#awaited = false
    this.#missed = 0
    if (!this.stalled) return
    this.stalled = false
    this.#events.recovered()
  }

  #unfit(fault: Fault): void {
    this.#error = errorOf(fault)
    this.#settle({ error: this.#error })
    void this.#worker.terminate()
  }

  #settle(outcome: Parameters<Answer>[0]): void {
    const answer = this.#answer
    this.#answer = undefined
    answer?.(outcome)
  }

  #exited(code: number): void {
    this.alive = false
    const error = this.#error ?? new Error(`its thread ended with exit code ${code}`)
    this.#error = error
    this.#settle({ error })
    if (!this.#ended) this.#events.died(error)
  }
}
