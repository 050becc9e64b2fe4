import { inspect } from 'node:util'
import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Clock } from './clock.js'
import type { Ending } from './closer.js'
import { type Connection, Phase } from './connection.js'
import type { Delivery } from './dispatcher.js'
import type { Leave } from './drain.js'

/** What a shutdown needs from the loop it ends. */
export interface ShutdownOptions<Context> {
  readonly clock: Clock
  readonly ending: Ending<Context>
  readonly delivery: Delivery<Context>
  /** Stops all that makes new work: listeners, ticks, dials. */
  readonly release: () => void
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** Gives back what is left when every connection has gone. */
  readonly close: () => void
}

/**
 * The end of the loop, in order: nothing new; a time in which pending output and promised replies may leave; every
 * connection closed; then `done`.
 */
export class Shutdown<Context> {
  /** Settles when no handler runs any more; rejects with what a loop-wide handler threw. */
  readonly done: Promise<void>
  readonly #options: ShutdownOptions<Context>
  readonly #layers: Leave[] = []
  #settle: () => void = () => {}
  #timeout: number | undefined
  #begun = false
  #failure: unknown
  #failed = false
  #cancelDeadline: () => void = () => {}

  constructor(options: ShutdownOptions<Context>) {
    this.#options = options
    this.done = new Promise((resolve, reject) => {
      this.#settle = () => (this.#failed ? reject(this.#failure) : resolve())
    })
  }

  /** What layers above the loop still have to do is waited for; the one nearest to the program is asked first. */
  beforeEnd(leave: Leave): void {
    this.#layers.unshift(leave)
  }

  /** Asked for: nothing that comes from now on reaches a handler. */
  get asked(): boolean {
    return this.#timeout !== undefined
  }

  /** The first one's timeout stands. */
  ask(timeout: number): void {
    if (!(typeof timeout === 'number' && timeout >= 0)) {
      const message = `option timeout: a non-negative number of milliseconds is needed, not ${inspect(timeout)}`
      throw new RevioError('ERR_OPTION', message)
    }
    this.#timeout ??= timeout
  }

  /** A loop-wide handler threw: the loop ends, and `done` rejects. */
  fail(thrown: unknown): void {
    if (!this.#failed) this.#failure = thrown
    this.#failed = true
    this.ask(1000)
  }

  /** Begins, if it was asked for and has not begun; called at the end of a turn. */
  begin(): void {
    if (this.#timeout === undefined || this.#begun) return
    this.#begun = true
    const { clock, ending, release } = this.#options
    release()
    this.#cancelDeadline = clock.timer(Math.max(1, this.#timeout), () => this.#giveUp())
    for (const connection of [...ending.connections.values()]) this.close(connection)
    this.left()
  }

  /** Closes one of the connections that the shutdown found. A reply that was promised is waited for. */
  close(connection: Connection<Context>): void {
    if (connection.phase !== Phase.Open) return
    const { ending, delivery } = this.#options
    const waiting = this.#waiting(connection.id)
    if (connection.busy) return
    if (waiting !== undefined) delivery.awaitReply(connection, waiting, 'data')
    else ending.act(connection, Action.Close)
  }

  /** A connection has gone; after the last one the loop has ended. */
  left(): void {
    if (!this.#begun || !this.#options.ending.empty) return
    this.#cancelDeadline()
    this.#options.close()
    this.#settle()
  }

  #waiting(id: number): Promise<void> | undefined {
    for (const leave of this.#layers) {
      const waiting = leave(id)
      if (waiting !== undefined) return waiting
    }
    return undefined
  }

  #giveUp(): void {
    const { ending, turn } = this.#options
    turn(() => {
      for (const connection of [...ending.connections.values()]) {
        const what = connection.busy ? 'a promised reply' : `${connection.outbox.size} bytes of output`
        const message = `connection ${connection.id}: ${what} still missing ${this.#timeout} ms after shutdown`
        ending.destroy(connection, connection.error ?? new RevioError('ETIMEDOUT', message))
      }
      for (const connection of [...ending.lingering]) ending.lingered(connection)
    })
  }
}
