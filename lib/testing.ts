import type { Endpoint, Events, Handlers, Server } from './events.js'
import type { Peer, PeerOptions } from './testing/peer.js'
import { LoopSimulation } from './testing/simulation.js'

export type { Peer, PeerOptions, PeerTlsOptions } from './testing/peer.js'

/** How a simulation goes. */
export interface SimulationOptions {
  /**
   * Absent: everything arrives at once, whole, and in the order in which it was sent. A whole number: bytes arrive in
   * any slices, writes are partial, and what happens at the same time happens in any order; the same number and the
   * same calls give the same course.
   */
  seed?: number
  /** What the loop binds, as `serve` takes it; no socket is made. Default: one address, `tcp4://127.0.0.1:0`. */
  addresses?: readonly (string | Endpoint)[]
  /**
   * What becomes of an exception that a handler threw and no `failed` took. `'throw'`, the default: the call that led to
   * it throws it once all has happened; where that was a promise, the next one does. `'collect'`: it is in `failures`.
   */
  failures?: 'throw' | 'collect'
  /** Bytes of output that fit on the way to a peer which does not read. Default 65,536. */
  sendBuffer?: number
  /** Bytes of input that fit on the way to a loop which does not read. Default 65,536. */
  receiveBuffer?: number
  /** Milliseconds that everything takes from one end to the other; `advance` lets them pass. Default 0. */
  latency?: number
  /** True: nothing happens unless `run`, `step` or `advance` is called. Default false. */
  stepwise?: boolean
}

/** Which address a peer connects to, and how it behaves. */
export interface ConnectOptions extends PeerOptions {
  /** The place of the address among the simulation's; default 0. */
  addressIndex?: number
}

/** What a handler threw: which, and for which connection. */
export interface SimulatedFailure {
  readonly error: Error
  readonly id: number
  readonly handler: string
}

/** A loop without a network, in a time of its own. */
export interface Simulation {
  /** The loop's server, as `serving` gets it. */
  readonly server: Server
  /** A new connection to the loop. Where nobody listens any more, the peer has an `error`. */
  connect(options?: ConnectOptions): Peer
  /** Lets another program listen at `address`, so that the loop's `dial` can reach it; `peer` is the other side. */
  listen(address: string, accept: (peer: Peer) => void, options?: PeerOptions): void
  /** Lets so many milliseconds pass: ticks and timeouts that are due happen, each at its time. Not from a handler. */
  advance(ms: number): void
  /**
   * Lets so many milliseconds pass in which the loop does nothing, as when a handler computes for long: what is due
   * in them comes late. May be called from inside a handler.
   */
  stall(ms: number): void
  /** Milliseconds since the simulation began. */
  readonly now: number
  /**
   * Resolves when every promise that `data` has returned is settled and its consequences have happened. One that
   * never settles keeps it waiting.
   */
  settle(): Promise<void>
  /** Does all that can be done without time going on; only of use where the simulation is `stepwise`. */
  run(): void
  /** Does one thing of it; false when there is nothing to do. */
  step(): boolean
  /** The loop has ended: no handler runs any more. */
  readonly ended: boolean
  /** What `serve` would have returned: settles when the loop has ended, and rejects as `serve` does. */
  readonly done: Promise<void>
  /** What the loop told the process as a warning, as no handler could take it. */
  readonly warnings: readonly Error[]
  /** What handlers threw and no `failed` took. */
  readonly failures: readonly SimulatedFailure[]
  /** What still exists or waits; all 0 when the loop has ended and its peers have too. */
  readonly left: { readonly connections: number; readonly timers: number; readonly steps: number }
}

/**
 * Runs handlers without a network: the same loop as `serve`'s, with peers in the same program and a clock that only
 * moves when it is told to. All that follows from a call has happened when it returns; `serving` and the first `tick`
 * have run when `simulate` does.
 *
 * ```ts
 * const peer = simulate(events).connect()
 * peer.send('PING\r\n')
 * peer.received // '+PONG\r\n'
 * ```
 *
 * What `process.nextTick`, promises and timers of the program's own do comes when the test awaits something; after
 * `await simulation.settle()` asynchronous replies have been sent. Names are not resolved: hosts are numeric, or
 * `localhost`. There are no datagrams.
 *
 * @throws `ERR_ADDRESS`, `ERR_OPTION`, `EADDRINUSE` when an address or option is wrong.
 */
export function simulate<Context = undefined>(
  events: Events<Context>,
  options: SimulationOptions = {},
): Simulation {
  return new LoopSimulation(events as Handlers<unknown>, options)
}
