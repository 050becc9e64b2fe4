import type { UdpRemote } from '../udp/remote.js'
import { type RemoteKey, UdpRemotes, type UdpRemotesOptions } from '../udp/remotes.js'
import { PEER_NUMBERS } from './addon.js'
import { NativeUdpLink } from './udp-link.js'
import type { NativeUdpWriter } from './udp-writer.js'

/** What a binding on the addon is to know. */
export interface NativeUdpSocketOptions extends UdpRemotesOptions {
  readonly slot: number
  readonly writer: NativeUdpWriter
  /** The host in the numbers of a peer, or this side's that it wrote to. */
  readonly hostOf: (peer: Int32Array, local: boolean) => string
}

/** One binding: the slot that the addon knows it by, and the remotes that it has heard of. */
export class NativeUdpSocket {
  readonly slot: number
  readonly writer: NativeUdpWriter
  readonly remotes: UdpRemotes
  readonly hostOf: NativeUdpSocketOptions['hostOf']
  /** The system takes no more for now. */
  full = false
  /** Listens to nobody any more. */
  stopped = false

  constructor(options: NativeUdpSocketOptions) {
    this.slot = options.slot
    this.writer = options.writer
    this.hostOf = options.hostOf
    this.remotes = new UdpRemotes(options)
  }

  /**
   * A datagram came, inside a turn.
   *
   * @param peer - Memory with the numbers of its sender, from `at` on.
   */
  received(key: RemoteKey, peer: Int32Array, at: number, bytes: Buffer): void {
    if (this.stopped) return
    const link = this.remotes.find(key) ?? this.#admit(key, peer.slice(at, at + PEER_NUMBERS))
    if (!link.open) return
    this.remotes.heard(link)
    link.deliver(bytes, true)
  }

  /** The system takes more, inside a turn. */
  writable(): void {
    this.full = false
    this.remotes.writable()
  }

  #admit(key: RemoteKey, peer: Int32Array): UdpRemote {
    const link = new NativeUdpLink(this, key, peer)
    this.remotes.admit(link)
    return link
  }
}
