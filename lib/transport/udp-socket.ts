import type * as dgram from 'node:dgram'
import { RevioError } from '../errors.js'
import type { Address } from '../events.js'
import type { Host, Receiver } from './transport.js'
import { UdpLink } from './udp-link.js'

/** Remotes of a binding, unless it asks for fewer. */
const MOST_REMOTES = 65_536

/** Bytes of datagrams of one binding that may wait for their connections to read. */
const MOST_HELD = 16 * 1024 * 1024
/** What a datagram that waits costs besides its bytes. */
const OVERHEAD = 128

/** Where a datagram came from, as the system tells it. */
export type Remote = Pick<dgram.RemoteInfo, 'address' | 'port' | 'family'>

/** What a bound socket is to know of its binding. */
export interface UdpSocketOptions {
  readonly host: Host
  readonly socket: dgram.Socket
  readonly address: Address
  readonly maxConnections: number
  /** Tells the loop of a new remote. */
  readonly accept: (link: UdpLink) => Receiver
}

/** One binding: its socket, and the remotes that it has heard of. */
export class UdpSocket {
  readonly address: Address
  readonly #options: UdpSocketOptions
  readonly #socket: dgram.Socket
  /** By host and port; the one longest silent comes first. */
  readonly #links = new Map<string, UdpLink>()
  #latest: UdpLink | undefined
  /** Have datagrams that wait to be delivered, and may be. */
  #ready: UdpLink[] = []
  /** Wait for the socket's queue to be empty. */
  #blocked = new Set<UdpLink>()
  #held = 0

  constructor(options: UdpSocketOptions) {
    this.#options = options
    this.address = options.address
    this.#socket = options.socket
  }

  // For the transport. //////////////////////////////////////////////////////////////////////////////////////////////

  start(): void {
    this.#socket.on('message', this.#onMessage)
  }

  /** Listens to nobody any more; what is to be sent still goes. */
  stop(): void {
    this.#socket.removeListener('message', this.#onMessage)
  }

  close(): void {
    this.#socket.close()
  }

  // For links. //////////////////////////////////////////////////////////////////////////////////////////////////////

  /** The system takes no more for now, and a datagram waits in the socket. */
  get full(): boolean {
    return this.#socket.getSendQueueCount() > 0
  }

  send(bytes: Uint8Array, { address, port }: Remote, sent: (error: Error | null) => void): void {
    this.#socket.send(bytes, port, address, sent)
  }

  /** The link will be told when the system takes more. */
  await(link: UdpLink): void {
    this.#blocked.add(link)
  }

  /** A datagram of `link` has gone, or not. */
  sent(link: UdpLink, error: Error | null): void {
    if (error !== null && link.open) this.#turn(() => link.failed(error))
    if (this.#blocked.size === 0 || this.full) return
    const blocked = this.#blocked
    this.#blocked = new Set()
    this.#turn(() => {
      for (const waiting of blocked) waiting.writable()
    })
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

  /** Delivers what has waited, in a turn that follows soon. */
  later(link: UdpLink): void {
    if (this.#ready.push(link) > 1) return
    setImmediate(() => {
      const ready = this.#ready
      this.#ready = []
      this.#turn(() => {
        for (const waiting of ready) waiting.deliverWaiting()
      })
    })
  }

  /** The link is not silent: it moves to the end of the table. */
  heard(link: UdpLink): void {
    if (link === this.#latest || this.#links.get(link.key) !== link) return
    this.#links.delete(link.key)
    this.#links.set(link.key, link)
    this.#latest = link
  }

  left(link: UdpLink): void {
    if (this.#links.get(link.key) === link) this.#links.delete(link.key)
    if (this.#latest === link) this.#latest = undefined
    this.#blocked.delete(link)
  }

  // What the socket tells. //////////////////////////////////////////////////////////////////////////////////////////

  readonly #onMessage = (bytes: Buffer, remote: dgram.RemoteInfo): void => {
    this.#turn(() => {
      const key = `${remote.address} ${remote.port}`
      const link = this.#links.get(key) ?? this.#accept(key, remote)
      if (!link.open) return
      this.heard(link)
      link.deliver(bytes)
    })
  }

  #accept(key: string, remote: Remote): UdpLink {
    const { accept, maxConnections } = this.#options
    if (this.#links.size >= Math.min(maxConnections, MOST_REMOTES)) this.#evict()
    const link = new UdpLink(this, key, remote, accept)
    if (link.open) this.#links.set(key, link)
    return link
  }

  #evict(): void {
    for (const [key, link] of this.#links) {
      this.#links.delete(key)
      link.failed(
        new RevioError(
          'ENOBUFS',
          `${this.address} has ${this.#links.size + 1} remotes, and this one was silent longest`,
        ),
      )
      return
    }
  }

  #turn(run: () => void): void {
    const { host } = this.#options
    host.turnStarts()
    run()
    host.turnEnds()
  }
}
