import { MessageChannel, type Transferable } from 'node:worker_threads'
import { RevioError } from '../errors.js'
import { DEFAULT_TIMEOUT } from '../loop/shutdown.js'
import type { TlsServerOptions } from '../tls.js'
import { holderOf, markStalled, openIn, settleCounts } from './counts.js'
import { LoopWorker } from './loop-worker.js'
import type { PlainAddress, PlainEndpoint } from './options.js'
import type { Start } from './protocol.js'
import { RestartDelay } from './restart-delay.js'
import { StallWatch } from './stall-watch.js'

/** How to create the loops. */
export interface CrewOptions {
  readonly loops: number
  readonly restart: boolean
  readonly stallTimeout: number
  readonly killStalled: boolean
  readonly start: Omit<Start, 'index'>
  /** The shutdown has begun: nothing is accepted any more. */
  readonly ending: () => void
  /** Passes a loop over when connections are handed out, or no longer. */
  readonly hold: (index: number, held: boolean) => void
  /** Receives errors that nothing else handles. */
  readonly warn: (error: Error) => void
}

/** All loops: they start together and end together. In between one may crash and be replaced. */
export class Crew {
  /** Settles when all have ended; rejects with the error that made one of them fail. */
  readonly done: Promise<void>
  readonly #options: CrewOptions
  readonly #workers: (LoopWorker | undefined)[] = []
  readonly #delay = new RestartDelay()
  /** Changes since the start, by the index of the address. */
  readonly #secured = new Map<number, TlsServerOptions>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #settle: () => void = () => {}
  /** Settles when the latest change, a reload or a replacement, is done: each waits for the one before. */
  #changed: Promise<void> = Promise.resolve()
  #module: string
  #version = 0
  #addresses: readonly PlainAddress[] = []
  #running = false
  #ending = false
  /** When every loop must have ended, by `performance.now()`. */
  #deadline = Number.POSITIVE_INFINITY
  readonly #watch: StallWatch<LoopWorker>
  #failure: Error | undefined

  constructor(options: CrewOptions) {
    this.#options = options
    this.#module = options.start.module
    this.#watch = new StallWatch({
      timeout: options.stallTimeout,
      // A loop that is starting may take its time to load a module.
      loops: () => this.#alive.filter(({ bound }) => bound || this.#ending),
      stalled: worker => this.#stalled(worker),
    })
    this.done = new Promise((resolve, reject) => {
      this.#settle = () => (this.#failure === undefined ? resolve() : reject(this.#failure))
    })
    // If they fail to start, nothing awaits their end.
    this.done.catch(() => {})
  }

  /**
   * Starts all loops, binding addresses not bound yet. Returns all addresses.
   *
   * @throws the first error, after ending all loops.
   */
  async begin(known: readonly (PlainAddress | undefined)[]): Promise<readonly PlainAddress[]> {
    this.#watch.start()
    try {
      const workers = Array.from({ length: this.#options.loops }, (_, index) => this.#hire(index))
      const [first, ...others] = workers
      // The first one finds the ports that the others share.
      const own = (await first?.bind(known)) ?? []
      const addresses = known.map((address, index) => address ?? own[index])
      await Promise.all(others.map(worker => worker.bind(addresses)))
      this.#addresses = addresses.filter(address => address !== undefined)
      await Promise.all(workers.map(worker => worker.run(this.#addresses)))
      this.#running = true
      this.#ended()
      return this.#addresses
    } catch (error) {
      this.#ending = true
      this.#watch.stop()
      await Promise.all(this.#workers.map(worker => worker?.terminate()))
      throw error
    }
  }

  /** Stops accepting. */
  get ending(): boolean {
    return this.#ending
  }

  /** One of the loops failed to start. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** False if no loop receives it. */
  post(message: unknown, to: number | undefined, transfer: readonly Transferable[]): boolean {
    const reached = this.#alive.filter(({ index }) => to === undefined || index === to)
    for (const worker of reached) worker.tell({ kind: 'message', message }, transfer)
    return reached.length > 0 && !this.#ending
  }

  /** Loads handlers in all loops, and if that succeeds in all, installs them. */
  reload(module?: string): Promise<void> {
    return this.#change(() => this.#reload(module))
  }

  /** Changes certificates in all loops, present and future. */
  setSecureContext(addressIndex: number, tls: TlsServerOptions): void {
    this.#secured.set(addressIndex, tls)
    for (const worker of this.#alive) worker.tell({ kind: 'secure', addressIndex, tls })
  }

  /** Shuts all loops down. */
  shutdown(timeout = DEFAULT_TIMEOUT, grace = 0): void {
    if (!this.#ending) this.#options.ending()
    this.#ending = true
    this.#deadline = Math.min(this.#deadline, performance.now() + timeout + grace)
    for (const timer of this.#timers) clearTimeout(timer)
    for (const worker of this.#alive) {
      if (this.#running && !worker.bound) this.#dismiss(worker)
      else worker.tell({ kind: 'stop', timeout, grace })
    }
    this.#ended()
  }

  /** A loop that is still loading its module has no connections to wait for, and may never have loaded it. */
  #dismiss(worker: LoopWorker): void {
    void worker.terminate().then(() => this.#gone(worker, undefined))
  }

  get #alive(): LoopWorker[] {
    return this.#workers.filter(worker => worker !== undefined)
  }

  /** One change at a time: a loop answers one order, and a new loop loads the handlers of the others. */
  #change(make: () => Promise<void>): Promise<void> {
    const change = this.#changed.then(make)
    this.#changed = change.catch(() => {})
    return change
  }

  async #reload(module = this.#module): Promise<void> {
    this.#checkRunning()
    const workers = this.#alive
    const version = ++this.#version
    const loaded = await Promise.allSettled(workers.map(worker => worker.load(module, version)))
    this.#checkRunning()
    const failed = loaded.find(outcome => outcome.status === 'rejected')
    if (failed !== undefined) {
      for (const worker of workers) worker.tell({ kind: 'swap', taken: false })
      throw failed.reason
    }
    this.#module = module
    await Promise.all(workers.map(worker => worker.swap()))
  }

  /** @throws `ERR_ENDED` once the shutdown has begun. */
  #checkRunning(): void {
    if (this.#ending) throw new RevioError('ERR_ENDED', 'reload: the loops are ending')
  }

  /** The addresses with the TLS options that are in force now. */
  get #endpoints(): PlainEndpoint[] {
    return this.#options.start.endpoints.map((endpoint, index) => {
      const secured = this.#secured.get(index)
      return secured === undefined ? endpoint : { ...endpoint, secured }
    })
  }

  #hire(index: number): LoopWorker {
    const { start } = this.#options
    const worker: LoopWorker = new LoopWorker(
      { ...start, index, module: this.#module, endpoints: this.#endpoints },
      {
        ending: (timeout, grace) => {
          if (!this.#ending) this.shutdown(timeout, grace)
        },
        ended: error => this.#gone(worker, error),
        died: error => this.#died(worker, error),
        recovered: () => this.#recovered(worker),
      },
    )
    for (const other of this.#alive) {
      const { port1, port2 } = new MessageChannel()
      other.meet(index, port1)
      worker.meet(other.index, port2)
    }
    this.#workers[index] = worker
    return worker
  }

  #gone(worker: LoopWorker, error: Error | undefined): void {
    if (this.#workers[worker.index] === worker) this.#workers[worker.index] = undefined
    if (error !== undefined) this.#fail(error)
    this.#ended()
  }

  #died(worker: LoopWorker, error: Error): void {
    const { restart, loops, start } = this.#options
    if (this.#workers[worker.index] === worker) this.#workers[worker.index] = undefined
    settleCounts(start.counts, worker.index)
    const terminated = this.#ending && isStall(error)
    if (terminated) this.#failure ??= error
    if (!this.#running) return
    if (terminated) return this.#ended()
    const replaced = restart && !this.#ending
    const left = this.#alive.length
    const then = replaced ? 'another takes its place' : `${left} of ${loops} are left`
    this.#options.warn(died(worker.index, error, then))
    if (replaced) this.#replace(worker.index)
    else if (left === 0) this.#fail(error)
    this.#ended()
  }

  /** It has stalled just now, or still is. */
  #stalled(worker: LoopWorker): void {
    const { index } = worker
    const { start, stallTimeout, killStalled, hold, warn } = this.#options
    const held = `${holderOf(start.counts, index)} has held its thread for ${stallTimeout} ms`
    if (this.#ending && performance.now() >= this.#deadline) {
      const lost = `connections lost: ${openIn(start.counts, index)}`
      return worker.kill(stall(`loop ${index} was terminated after the shutdown: ${held}; ${lost}`))
    }
    if (worker.stalled) return
    // serveLoops waits for a slow start; nothing waits for a slow replacement.
    worker.stall(this.#running ? stall(`loop ${index} is stalled: ${held}`) : undefined)
    markStalled(start.counts, index, true)
    hold(index, true)
    if (killStalled && !this.#ending) return worker.kill(stall(held))
    warn(warning(`loop ${index} is stalled: ${held}; new connections go to the others`))
  }

  #recovered({ index }: LoopWorker): void {
    const { start, hold, warn } = this.#options
    markStalled(start.counts, index, false)
    hold(index, false)
    warn(warning(`loop ${index} responds again`))
  }

  #replace(index: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#change(() => this.#start(index))
    }, this.#delay.next(index))
    this.#timers.add(timer)
  }

  async #start(index: number): Promise<void> {
    if (this.#ending) return
    const worker = this.#hire(index)
    try {
      await worker.bind(this.#addresses)
      await worker.run(this.#addresses)
    } catch {
      // It has crashed or is stalled, which is reported.
    }
  }

  /** The first error counts. */
  #fail(error: Error): void {
    this.#failure ??= error
    this.shutdown()
  }

  #ended(): void {
    if (!this.#running || !this.#ending || this.#alive.length > 0) return
    this.#watch.stop()
    this.#settle()
  }
}

function stall(message: string): RevioError {
  return new RevioError('ERR_STALLED', message)
}

function isStall(error: Error): boolean {
  return error instanceof RevioError && error.code === 'ERR_STALLED'
}

function warning(message: string): Error {
  return Object.assign(new Error(message), { name: 'RevioWarning', code: 'ERR_STALLED' })
}

function died(index: number, error: Error, then: string): Error {
  const message = `loop ${index} died: ${error.message}; ${then}`
  return Object.assign(new Error(message, { cause: error }), {
    name: 'RevioWarning',
    detail: error.stack ?? '',
  })
}
