import { type Binding, inetAddress, unixAddress } from '../../address.js'
import { asError, RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { End, type WireOptions } from './connection-end.js'
import { systemError } from './errors.js'
import type { Schedule } from './schedule.js'

/** A connection as seen by one side: its end of the wire, and both addresses. */
export interface Arrival {
  readonly wire: End
  readonly local: Address
  readonly remote: Address
}

/** A listening address. */
export interface Listener {
  readonly address: Address
  /** An empty host means all local hosts. */
  readonly anyHost: boolean
  arrived(arrival: Arrival): void
}

const FIRST_EPHEMERAL = 49_152

/** A network in memory: its listeners, and wires between them. The only host name it knows is `localhost`. */
export class MemoryNetwork {
  readonly schedule: Schedule
  readonly #options: WireOptions
  readonly #listeners = new Set<Listener>()
  #lastPort = FIRST_EPHEMERAL - 1

  constructor(schedule: Schedule, options: WireOptions) {
    this.schedule = schedule
    this.#options = options
  }

  /**
   * Passes connections to `binding` to `arrived`.
   *
   * @throws `EADDRINUSE`, or the system's error for a host that is not local.
   */
  listen(binding: Binding, arrived: (arrival: Arrival) => void): Listener {
    const address = this.#place(binding, 'listen', binding.port || ++this.#lastPort)
    const anyHost = binding.scheme !== 'unix' && isWild(binding.host)
    const taken = [...this.#listeners].find(other => overlap(other, address, anyHost))
    if (taken !== undefined && !binding.reuseport) {
      throw systemError('listen', 'EADDRINUSE', address)
    }
    const listener = { address, anyHost, arrived }
    this.#listeners.add(listener)
    return listener
  }

  unlisten(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  /** The peer's side of a new connection to `address`; the listener gets the other side, after the latency. */
  connect(address: Address, refused: (error: Error) => void): Arrival {
    const [near, far] = End.pair(this.schedule, this.#options)
    const local = reachable(address)
    const remote = this.#nameless(local)
    this.schedule.post(() => {
      const listener = this.#find(address)
      if (listener === undefined) refused(systemError('connect', 'ECONNREFUSED', address))
      else listener.arrived({ wire: near, local, remote })
    }, this.#options.latency)
    return { wire: far, local: remote, remote: local }
  }

  /** Connects the loop to the listener at `target`. */
  dial(target: Binding, done: (outcome: Arrival | Error) => void): void {
    const address = this.#findPlace(target)
    this.schedule.post(() => {
      if (address instanceof Error) return done(address)
      const listener = [...this.#listeners].find(other => overlap(other, address, false))
      if (listener === undefined) return done(systemError('connect', 'ECONNREFUSED', address))
      const [near, far] = End.pair(this.schedule, this.#options)
      const local = this.#nameless(address)
      listener.arrived({ wire: far, local: address, remote: local })
      done({ wire: near, local, remote: address })
    }, this.#options.latency)
  }

  /** Where a target is, or why it is nowhere: a dial fails later, as a resolver does. */
  #findPlace(target: Binding): Address | Error {
    try {
      return this.#place(target, 'connect', target.port)
    } catch (thrown) {
      return asError(thrown)
    }
  }

  #find(address: Address): Listener | undefined {
    return [...this.#listeners].find(listener => overlap(listener, address, false))
  }

  #place({ scheme, host, path }: Binding, call: string, port: number): Address {
    if (scheme === 'unix') return unixAddress(path)
    if (scheme.startsWith('udp')) {
      throw new RevioError(
        'ERR_UNSUPPORTED',
        `the memory transport has no datagrams, which ${scheme} asks for`,
      )
    }
    if (isWild(host))
      return inetAddress('tcp', scheme.endsWith('6') || host === '::' ? '::' : '0.0.0.0', port)
    if (host === 'localhost') return inetAddress('tcp', scheme.endsWith('6') ? '::1' : '127.0.0.1', port)
    if (/^[\d.]+$/.test(host) || host.includes(':')) return inetAddress('tcp', host, port)
    throw systemError(call, 'ENOTFOUND', host)
  }

  /** The connecting side's address: a free port, and no path. */
  #nameless(to: Address): Address {
    return to.network === 'unix' ? unixAddress('') : inetAddress('tcp', to.host, ++this.#lastPort)
  }
}

function isWild(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

function overlap({ address, anyHost }: Listener, other: Address, otherAnyHost: boolean): boolean {
  if (address.network === 'unix' || other.network === 'unix')
    return address.path !== '' && address.path === other.path
  return address.port === other.port && (anyHost || otherAnyHost || address.host === other.host)
}

/** The address at which a local program reaches a listener on all hosts. */
function reachable(address: Address): Address {
  const { network, host, port } = address
  if (network === 'unix' || !isWild(host)) return address
  return inetAddress('tcp', network === 'tcp6' ? '::1' : '127.0.0.1', port)
}
