import type { Events, Handlers } from './events.js'
import { LoopSimulation } from './testing/simulation.js'
import type { Simulation, SimulationOptions } from './testing/types.js'

export type { Peer, PeerOptions, PeerTlsOptions } from './testing/peer.js'
export type { ConnectOptions, SimulatedFailure, Simulation, SimulationOptions } from './testing/types.js'

/**
 * Runs handlers without a network: on the same loop as `serve`, with peers in the same program and a clock
 * that the test controls. Each call returns after all its effects have happened; `simulate` returns after
 * `serving` and the first `tick` have run.
 *
 * ```ts
 * const peer = simulate(events).connect()
 * peer.send('PING\r\n')
 * peer.received // '+PONG\r\n'
 * ```
 *
 * The program's `process.nextTick` callbacks, promises and timers run when the test awaits something; after
 * `await simulation.settle()` asynchronous replies have been sent. Host names other than `localhost`, and
 * datagrams, are not supported.
 *
 * @throws `ERR_ADDRESS`, `ERR_OPTION`, `EADDRINUSE` for an invalid address or option.
 */
export function simulate<Context = undefined>(
  events: Events<Context>,
  options: SimulationOptions = {},
): Simulation {
  return new LoopSimulation(events as Handlers<unknown>, options)
}
