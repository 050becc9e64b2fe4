import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import type { Host, Receiver } from '../transport.js'
import type { RemoteKey, RemoteOwner, UdpRemote } from './remote.js'

/** The default of `maxConnections`. */
const MOST_REMOTES = 65_536

/** The most bytes of one binding's datagrams that may wait for their connections to read. */
const MOST_HELD = 16 * 1024 * 1024
/** The cost of a waiting datagram besides its bytes. */
const OVERHEAD = 128

/** How many waiting datagrams to deliver in one turn, and how many of one remote before the next remote's. */
const PORTION = 64
const SHARE = 16

/** The parameters of a binding's table. */
export interface UdpRemotesOptions {
  readonly host: Host
  readonly address: Address
  readonly maxConnections: number
  /** Reports a new remote to the loop. */
  readonly accept: (link: UdpRemote) => Receiver
}

/** The remotes of one binding, on either transport. */
export class UdpRemotes implements RemoteOwner {
  readonly address: Address
  readonly #host: Host
  readonly #limit: number
  readonly #accept: UdpRemotesOptions['accept']
  readonly #byKey = new Map<RemoteKey, UdpRemote>()
  #silentLongest: UdpRemote | undefined
  #heardLast: UdpRemote | undefined
  /** Remotes with waiting datagrams to deliver, next one first. */
  readonly #ready = new Set<UdpRemote>()
  /** A turn to deliver them is scheduled. */
  #delivering = false
  /** Remotes that wait until the socket is writable. */
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

  /** Adds a new remote. If the table is full, evicts the remote that has been silent longest. */
  admit(remote: UdpRemote): void {
    if (this.#byKey.size >= this.#limit) this.#evict()
    remote.receiver = this.#accept(remote)
    if (!remote.open) return
    this.#byKey.set(remote.key, remote)
    remote.listed = true
    this.#append(remote)
  }

  /** Records activity of a remote: moves it to the end of the table. */
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

  /** Notifies the remote once the socket is writable. */
  await(remote: UdpRemote): void {
    this.#blocked.add(remote)
  }

  /** A remote waits for the socket to be writable. */
  get awaited(): boolean {
    return this.#blocked.size > 0
  }

  /** The socket is writable. Called inside a turn. */
  writable(): void {
    const blocked = this.#blocked
    this.#blocked = new Set()
    for (const waiting of blocked) waiting.writable()
  }

  hold(bytes: Buffer): boolean {
    if (this.#held + bytes.length + OVERHEAD > MOST_HELD) return false
    this.#held += bytes.length + OVERHEAD
    return true
  }

  unhold(bytes: Buffer): void {
    this.#held -= bytes.length + OVERHEAD
  }

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

  /**
   * Delivers a bounded number, so that turns stay short and a remote with many waiting datagrams can't starve the
   * others.
   */
  #deliverPortion(): void {
    let room = PORTION
    for (const remote of this.#ready) {
      if (room === 0) return
      this.#ready.delete(remote)
      room -= remote.deliverWaiting(Math.min(room, SHARE))
      // Re-inserts the remote last; the iteration reaches it again.
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
