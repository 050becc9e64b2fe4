import type { RemoteKey, UdpRemote } from '../udp/remote.js'
import { UdpRemotes, type UdpRemotesOptions } from '../udp/remotes.js'
import { PEER_NUMBERS } from './addon.js'
import { NativeUdpLink, type NativeUdpOwner } from './udp-link.js'
import type { NativeUdpWriter } from './udp-writer.js'

/** The parameters of a binding on the addon. */
export interface NativeUdpSocketOptions extends UdpRemotesOptions {
  readonly slot: number
  readonly writer: NativeUdpWriter
  /** Returns the host of a peer record as text: the peer's, or the local one that it wrote to. */
  readonly hostOf: (peer: Int32Array, local: boolean) => string
}

/** One binding: its slot in the addon and its remotes. */
export class NativeUdpSocket implements NativeUdpOwner {
  readonly slot: number
  readonly writer: NativeUdpWriter
  readonly remotes: UdpRemotes
  readonly hostOf: NativeUdpSocketOptions['hostOf']
  /** The OS takes no more for now. */
  full = false
  /** The socket ignores further datagrams. */
  stopped = false

  constructor(options: NativeUdpSocketOptions) {
    this.slot = options.slot
    this.writer = options.writer
    this.hostOf = options.hostOf
    this.remotes = new UdpRemotes(options)
  }

  /**
   * Delivers a datagram, inside a turn.
   *
   * @param peer - Memory that contains the sender's peer record, at offset `at`.
   */
  received(key: RemoteKey, peer: Int32Array, at: number, bytes: Buffer): void {
    if (this.stopped) return
    const link = this.remotes.find(key) ?? this.#admit(key, peer.slice(at, at + PEER_NUMBERS))
    if (!link.open) return
    this.remotes.heard(link)
    link.deliver(bytes, true)
  }

  /** The socket is writable. Called inside a turn. */
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
