import { inetAddress } from '../../address.js'
import type { Address } from '../../info.js'
import type { Outbox } from '../outbox.js'
import { type SocketAddress, UdpRemote } from '../udp/remote.js'
import type { RemoteKey } from '../udp/remotes.js'
import type { NativeUdpSocket } from './udp-socket.js'

/** One remote of a binding on the addon. */
export class NativeUdpLink extends UdpRemote {
  readonly socket: NativeUdpSocket
  /** Its address, as a peer record of the addon. */
  readonly peer: Int32Array

  constructor(socket: NativeUdpSocket, key: RemoteKey, peer: Int32Array) {
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
