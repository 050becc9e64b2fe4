import { inetAddress } from '../../address.js'
import type { Address } from '../../info.js'
import type { Outbox } from '../outbox.js'
import { type RemoteKey, type SocketAddress, UdpRemote } from '../udp/remote.js'
import type { UdpRemotes } from '../udp/remotes.js'

/** What a link needs of its binding. */
export interface NativeUdpOwner {
  readonly slot: number
  readonly remotes: UdpRemotes
  /** Gathers the datagrams of all links. */
  readonly writer: { add(link: NativeUdpLink, outbox: Outbox): void }
  /** The system takes no more for now. */
  full: boolean
  /** The host in the numbers of a peer: its own, or the one of this side that it wrote to. */
  hostOf(peer: Int32Array, local: boolean): string
}

/** One remote of a binding on the addon. */
export class NativeUdpLink extends UdpRemote {
  readonly socket: NativeUdpOwner
  /** Its address, as a peer record of the addon. */
  readonly peer: Int32Array

  constructor(socket: NativeUdpOwner, key: RemoteKey, peer: Int32Array) {
    super(socket.remotes, key, peer[0] === 6 ? 6 : 4)
    this.socket = socket
    this.peer = peer
  }

  get place(): SocketAddress {
    return { host: this.socket.hostOf(this.peer, false), port: this.peer[1] ?? 0 }
  }

  protected override get local(): Address {
    const bound = super.local
    const host = this.socket.hostOf(this.peer, true)
    return host === '' ? bound : inetAddress('udp', host, bound.port)
  }

  write(outbox: Outbox): void {
    this.socket.remotes.heard(this)
    this.socket.writer.add(this, outbox)
  }
}
