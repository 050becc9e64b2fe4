import { addressError, RevioError } from '../errors.js'
import type { Address } from '../info.js'
import { systemClock } from '../loop/clock.js'
import type { Site } from '../loop/endpoint.js'
import { Policy } from '../transport/native/addon.js'
import { loadNative } from '../transport/native/load.js'
import { NativeTransport } from '../transport/native/transport.js'
import { nobody } from '../transport/transport.js'
import type { Balance } from './options.js'

const POLICIES = {
  'round-robin': Policy.RoundRobin,
  'least-connections': Policy.LeastConnections,
  random: Policy.Random,
} as const

/** Accepts in this thread on behalf of the loops in all others; the descriptors don't pass through JavaScript. */
export class Acceptor {
  /** The group that loops join. */
  readonly group: number
  readonly #transport: NativeTransport
  #closed = false

  /** @throws `ERR_UNSUPPORTED` without a native transport. */
  constructor(balance: Exclude<Balance, 'kernel'>, loops: number, addresses: number) {
    const { addon, error } = loadNative()
    if (addon === undefined) throw unsupported(balance, error.message)
    const host = {
      inTurn: false,
      turn: (run: () => void) => run(),
      accepted: () => nobody,
      clock: systemClock,
    }
    this.#transport = new NativeTransport(addon, host)
    this.group = this.#transport.found(loops, addresses, POLICIES[balance])
  }

  async bind({ binding, security, proxyRule }: Site, index: number): Promise<Address> {
    try {
      // After a PROXY header the loops start TLS, as they do here; this thread only counts handshakes.
      return await this.#transport.bind(binding, index, proxyRule === undefined ? security : undefined)
    } catch (error) {
      throw addressError(binding.text, error)
    }
  }

  start(): void {
    this.#transport.start()
  }

  /** Passes over a loop that does not respond, or no longer; connections that wait for it go to the others. */
  hold(index: number, held: boolean): void {
    if (!this.#closed) this.#transport.hold(index, held)
  }

  /** Stops accepting. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#transport.close()
  }
}

/** When descriptors cannot be handed over. */
export function unsupported(balance: Balance, why: string): RevioError {
  const message = `balance "${balance}" requires the native transport (${why}); "kernel" doesn't`
  return new RevioError('ERR_UNSUPPORTED', `serveLoops: ${message}`)
}
