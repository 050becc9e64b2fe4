import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import type { Host, Receiver } from '../transport.js'
import type { UdpRemote } from './remote.js'

/** Remotes of a binding, unless it asks for fewer. */
const MOST_REMOTES = 65_536

/** Bytes of datagrams of one binding that may wait for their connections to read. */
const MOST_HELD = 16 * 1024 * 1024
/** What a datagram that waits costs besides its bytes. */
const OVERHEAD = 128

/** Of those, how many are delivered in one turn, and how many of one remote before it is another's turn. */
const PORTION = 64
const SHARE = 16

/** What a transport knows a remote by: the same for the same host and port, and for no other. */
export type RemoteKey = string | number

/** What the table is to know of its binding. */
export interface UdpRemotesOptions {
  readonly host: Host
  readonly address: Address
  readonly maxConnections: number
  /** Tells the loop of a new remote. */
  readonly accept: (link: UdpRemote) => Receiver
}

/** The remotes that one binding has heard of, whatever carries the datagrams. */
export class UdpRemotes {
  readonly address: Address
  readonly #host: Host
  readonly #limit: number
  readonly #accept: UdpRemotesOptions['accept']
  readonly #byKey = new Map<RemoteKey, UdpRemote>()
  #silentLongest: UdpRemote | undefined
  #heardLast: UdpRemote | undefined
  /** May have datagrams delivered that waited; the next of them first. */
  readonly #ready = new Set<UdpRemote>()
  /** A turn for them is on its way. */
  #delivering = false
  /** Wait for the system to take more. */
  #blocked = new Set<UdpRemote>()
  #held = 0

  constructor({ host, address, maxConnections, accept }: UdpRemotesOptions) {
    this.address = address
    this.#host = host
    this.#limit = Math.min(maxConnections, MOST_REMOTES)
    this.#accept = accept
  }

  // The table. //////////////////////////////////////////////////////////////////////////////////////////////////////

  find(key: RemoteKey): UdpRemote | undefined {
    return this.#byKey.get(key)
  }

  /** Takes in a new remote; where there are too many, the one that was silent longest makes room. */
  admit(remote: UdpRemote): void {
    if (this.#byKey.size >= this.#limit) this.#evict()
    remote.receiver = this.#accept(remote)
    if (!remote.open) return
    this.#byKey.set(remote.key, remote)
    remote.listed = true
    this.#append(remote)
  }

  /** The remote is not silent: it moves to the end of the table. */
  heard(remote: UdpRemote): void {
    if (remote === this.#heardLast || !remote.listed) return
    this.#unlink(remote)
    this.#append(remote)
  }

  left(remote: UdpRemote): void {
    if (remote.listed) this.#remove(remote)
    this.#blocked.delete(remote)
    this.#ready.delete(remote)
  }

  // Datagrams that wait. ////////////////////////////////////////////////////////////////////////////////////////////

  /** The remote will be told when the system takes more. */
  await(remote: UdpRemote): void {
    this.#blocked.add(remote)
  }

  /** Somebody waits for the system to take more. */
  get awaited(): boolean {
    return this.#blocked.size > 0
  }

  /** The system takes more. Inside a turn. */
  writable(): void {
    const blocked = this.#blocked
    this.#blocked = new Set()
    for (const waiting of blocked) waiting.writable()
  }

  /** Whether there is room to keep a datagram until its connection reads. */
  hold(bytes: Buffer): boolean {
    if (this.#held + bytes.length + OVERHEAD > MOST_HELD) return false
    this.#held += bytes.length + OVERHEAD
    return true
  }

  unhold(bytes: Buffer): void {
    this.#held -= bytes.length + OVERHEAD
  }

  /** Delivers what has waited, in turns that follow soon. */
  later(remote: UdpRemote): void {
    this.#ready.add(remote)
    this.#deliverSoon()
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#ready.size === 0) return
    this.#delivering = true
    setImmediate(() => {
      this.#delivering = false
      try {
        this.turn(() => this.#deliverPortion())
      } finally {
        this.#deliverSoon()
      }
    })
  }

  /** So much that a turn stays short, and nobody's who has much waiting before the others'. */
  #deliverPortion(): void {
    let room = PORTION
    for (const remote of this.#ready) {
      if (room === 0) return
      this.#ready.delete(remote)
      room -= remote.deliverWaiting(Math.min(room, SHARE))
      // Behind the others, which the iteration comes to as well.
      if (remote.ready) this.#ready.add(remote)
    }
  }

  turn(run: () => void): void {
    this.#host.turn(run)
  }

  #evict(): void {
    const remote = this.#silentLongest
    if (remote === undefined) return
    const message = `${this.address} has ${this.#byKey.size} remotes, and this one was silent longest`
    this.#remove(remote)
    remote.failed(new RevioError('ENOBUFS', message))
  }

  #remove(remote: UdpRemote): void {
    this.#byKey.delete(remote.key)
    remote.listed = false
    this.#unlink(remote)
  }

  #append(remote: UdpRemote): void {
    const last = this.#heardLast
    remote.before = last
    if (last === undefined) this.#silentLongest = remote
    else last.after = remote
    this.#heardLast = remote
  }

  #unlink(remote: UdpRemote): void {
    const { before, after } = remote
    if (before === undefined) this.#silentLongest = after
    else before.after = after
    if (after === undefined) this.#heardLast = before
    else after.before = before
    remote.before = undefined
    remote.after = undefined
  }
}
