import type { Endpoint, Server } from '../events.js'
import type { Peer, PeerOptions } from './peer.js'

/** Options of a simulation. */
export interface SimulationOptions {
  /**
   * Absent: everything arrives at once, whole and in order. An integer: input arrives in arbitrary slices,
   * writes are partial, and concurrent events happen in random order; the same seed and calls reproduce the
   * same run.
   */
  seed?: number
  /**
   * The addresses to bind, as for `serve`, without real sockets. Default: one address, `tcp4://127.0.0.1:0`.
   */
  addresses?: readonly (string | Endpoint)[]
  /**
   * What happens to a handler's exception without a `failed` handler. `'throw'`, the default: the call that
   * caused it throws it after all other effects; for a promise, the next call does. `'collect'`: it is added
   * to `failures`.
   */
  failures?: 'throw' | 'collect'
  /** Bytes of output in flight to a peer that does not read. Default 65,536. */
  sendBuffer?: number
  /** Bytes of input in flight to a loop that does not read. Default 65,536. */
  receiveBuffer?: number
  /** One-way latency in milliseconds; `advance` lets them pass. Default 0. */
  latency?: number
  /** True: makes progress only in `run`, `step` and `advance`. Default false. */
  stepwise?: boolean
}

/** The address that a peer connects to, and its behaviour. */
export interface ConnectOptions extends PeerOptions {
  /** The index of the address to connect to; default 0. */
  addressIndex?: number
}

/** A handler's exception, with the handler's name and the connection's id. */
export interface SimulatedFailure {
  readonly error: Error
  readonly id: number
  readonly handler: string
}

/** A loop without a network, in virtual time. */
export interface Simulation {
  /** The loop's server, as passed to `serving`. */
  readonly server: Server
  /** Connects to the loop. If it no longer listens, the peer has an `error`. */
  connect(options?: ConnectOptions): Peer
  /** Simulates another server at `address` for the loop's `dial`; `peer` is the other side. */
  listen(address: string, accept: (peer: Peer) => void, options?: PeerOptions): void
  /** Advances time; ticks and timeouts run, each at its moment. Must not be called from a handler. */
  advance(ms: number): void
  /**
   * Advances time while the loop does nothing, like a slow handler: events due meanwhile come late. May be
   * called from a handler.
   */
  stall(ms: number): void
  /** Milliseconds since the simulation began. */
  readonly now: number
  /**
   * Resolves when all promises that `data` returned have settled and taken effect; a promise that never
   * settles blocks it.
   */
  settle(): Promise<void>
  /**
   * Performs all steps that are possible without advancing time; useful only if the simulation is `stepwise`.
   */
  run(): void
  /** Performs one step; returns false when none is left. */
  step(): boolean
  /** Whether the loop has ended: no handler runs any more. */
  readonly ended: boolean
  /**
   * The promise that `serve` would have returned: settles when the loop has ended, and rejects as `serve`
   * does.
   */
  readonly done: Promise<void>
  /** The process warnings that the loop would have emitted. */
  readonly warnings: readonly Error[]
  /** Exceptions of handlers that no `failed` handled. */
  readonly failures: readonly SimulatedFailure[]
  /** Remaining resources; all 0 when the loop and its peers have ended. */
  readonly left: { readonly connections: number; readonly timers: number; readonly steps: number }
}
