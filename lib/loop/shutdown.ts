import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import { looksOf } from '../show.js'
import type { Clock } from './clock.js'
import type { Closer } from './closer.js'
import type { Connection } from './connection.js'
import { soonAgain } from './drain.js'
import { Life } from './state.js'
import type { ConnectionTable } from './table.js'

/** Default milliseconds for pending output. */
export const DEFAULT_TIMEOUT = 1000

/** What a shutdown needs from its loop. */
export interface ShutdownOptions {
  readonly clock: Clock
  readonly table: ConnectionTable
  readonly closer: Closer
  /** Dials in progress: whether there are any, and how to fail them. */
  readonly dialling: () => boolean
  readonly abandon: () => void
  /**
   * Stops everything that makes new work: listeners, ticks, dials. Connections in accept queues are accepted. Returns
   * whether more may be on its way, until `depart`. Must not throw.
   */
  readonly release: () => boolean
  readonly depart: () => void
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** Releases what is left after the last connection has gone. Must not throw. */
  readonly close: () => void
}

/**
 * Ends the loop: accepts nothing new; gives pending output and promised replies time; closes every connection; then
 * settles `done`.
 */
export class Shutdown {
  /** Settles when no handler runs any more; rejects with what a loop-wide handler threw. */
  readonly done: Promise<void>
  readonly #options: ShutdownOptions
  #settle: () => void = () => {}
  #timeout: number | undefined
  #expected: number | undefined
  #begun = false
  #admits = false
  #late = false
  #over = false
  #failure: unknown
  #failed = false
  #cancelDeadline: () => void = () => {}

  constructor(options: ShutdownOptions) {
    this.#options = options
    this.done = new Promise((resolve, reject) => {
      this.#settle = () => (this.#failed ? reject(this.#failure) : resolve())
    })
  }

  /** Requested: nothing that arrives from now on reaches a handler. */
  get asked(): boolean {
    return this.#timeout !== undefined
  }

  /** Milliseconds for pending output. */
  get timeout(): number {
    return this.#timeout ?? this.#expected ?? DEFAULT_TIMEOUT
  }

  /** A loop-wide handler threw. */
  get failed(): boolean {
    return this.#failed
  }

  /** The loop has ended, or its time is up: further requests are too late. */
  get late(): boolean {
    return this.#late
  }

  /** Still accepting connections from the queue. */
  get admits(): boolean {
    return this.#admits
  }

  /** Sets the milliseconds for pending output. */
  expect(timeout: number): void {
    checkTimeout(timeout)
    this.#expected = timeout
  }

  /** The first timeout counts. */
  ask(timeout: number): void {
    checkTimeout(timeout)
    this.#timeout ??= timeout
  }

  /** A loop-wide handler threw: the loop ends, and `done` rejects. */
  fail(thrown: unknown): void {
    if (!this.#failed) this.#failure = thrown
    this.#failed = true
    this.ask(DEFAULT_TIMEOUT)
  }

  /** Begins if requested and not begun; called at the end of a turn. */
  begin(): void {
    if (this.#timeout === undefined || this.#begun) return
    this.#begun = true
    const { clock, table, release } = this.#options
    this.#cancelDeadline = clock.timer(Math.max(1, this.#timeout), () => this.#giveUp())
    this.#admits = true
    const more = release()
    const late = [...table.connections.values()].some(connection => connection.late)
    if (more || late) soonAgain(clock, 3, () => this.#admitted())
    else this.#admits = false
    for (const connection of [...table.connections.values()]) this.close(connection)
    this.left()
  }

  /** Closes one of the loop's connections, after its promised reply. */
  close(connection: Connection): void {
    if (connection.life === Life.Open && connection.promises === 0 && !connection.late) {
      this.#options.closer.act(connection, Action.Close)
    }
  }

  /** A connection has gone; after the last one the loop has ended. */
  left(): void {
    const { table, dialling, close } = this.#options
    if (!this.#begun || this.#over || this.#admits || !table.empty || dialling()) return
    this.#end(close)
  }

  /** Input of late connections has been read. */
  #admitted(): void {
    const { table, turn, depart } = this.#options
    depart()
    turn(() => {
      this.#admits = false
      for (const connection of [...table.connections.values()]) {
        connection.late = false
        this.close(connection)
      }
      this.left()
    })
  }

  #end(close: () => void): void {
    this.#late = true
    this.#over = true
    this.#cancelDeadline()
    close()
    this.#settle()
  }

  #giveUp(): void {
    const { table, closer, turn, close, abandon } = this.#options
    // A handler that dials whenever a connection closes would keep the loop running forever.
    this.#late = true
    turn(() => {
      for (const connection of [...table.connections.values()]) {
        const what = connection.promises > 0 ? 'a promised reply' : `${connection.unsent} bytes of output`
        const message = `connection ${connection.id}: ${what} still missing ${this.#timeout} ms after shutdown`
        closer.destroy(connection, connection.error ?? new RevioError('ETIMEDOUT', message))
      }
      for (const connection of [...table.lingering]) closer.lingered(connection)
      abandon()
      if (!this.#over) this.#end(close)
    })
  }
}

function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 0) return
  const message = `option timeout: expected a non-negative number of milliseconds; received ${looksOf(timeout)}`
  throw new RevioError('ERR_OPTION', message)
}

/** @throws `ERR_OPTION` unless it is a non-negative number of milliseconds. */
export function checkGrace(grace: unknown): void {
  if (typeof grace === 'number' && grace >= 0) return
  const message = `option grace: expected a non-negative number of milliseconds; received ${looksOf(grace)}`
  throw new RevioError('ERR_OPTION', message)
}
