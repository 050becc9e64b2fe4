import type * as dgram from 'node:dgram'
import { asError } from '../../errors.js'
import type { UdpRemote } from '../udp/remote.js'
import { UdpRemotes, type UdpRemotesOptions } from '../udp/remotes.js'
import { type Remote, UdpLink, type UdpLinkOwner } from './udp-link.js'

/** The parameters of a bound socket. */
export interface UdpSocketOptions extends UdpRemotesOptions {
  readonly socket: dgram.Socket
}

/** One binding: its socket and its remotes. */
export class UdpSocket implements UdpLinkOwner {
  readonly remotes: UdpRemotes
  readonly #socket: dgram.Socket

  constructor(options: UdpSocketOptions) {
    this.remotes = new UdpRemotes(options)
    this.#socket = options.socket
  }

  // For the transport. //////////////////////////////////////////////////////////////////////////////////////////////

  start(): void {
    this.#socket.on('message', this.#onMessage)
  }

  /** Stops receiving; pending datagrams are still sent. */
  stop(): void {
    this.#socket.removeListener('message', this.#onMessage)
  }

  close(): void {
    this.#socket.close()
  }

  // For links. //////////////////////////////////////////////////////////////////////////////////////////////////////

  get full(): boolean {
    return this.#socket.getSendQueueCount() > 0
  }

  send(bytes: Uint8Array, remote: Remote, sent: (error: Error | null) => void): void {
    try {
      this.#socket.send(bytes, remote.port, remote.address, sent)
    } catch (thrown) {
      // Node throws where other systems return an error, as for port 0, which any peer can forge as its source.
      process.nextTick(sent, remote.port === 0 ? invalidPort(remote, thrown) : asError(thrown))
    }
  }

  sent(link: UdpRemote, error: Error | null): void {
    const { remotes } = this
    if (error !== null && link.open) remotes.turn(() => link.failed(error))
    if (remotes.awaited && !this.full) remotes.turn(() => remotes.writable())
  }

  readonly #onMessage = (bytes: Buffer, remote: dgram.RemoteInfo): void => {
    this.remotes.turn(() => {
      const link = this.#linkOf(remote)
      if (!link.open) return
      this.remotes.heard(link)
      link.deliver(bytes, false)
    })
  }

  #linkOf(remote: Remote): UdpRemote {
    const key = `${remote.address} ${remote.port}`
    const known = this.remotes.find(key)
    if (known !== undefined) return known
    const link = new UdpLink(this, key, remote)
    this.remotes.admit(link)
    return link
  }
}

/** The OS's error for port 0. */
function invalidPort({ address, port }: Remote, cause: unknown): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`send EINVAL: invalid argument ${address}:${port}`, {
    cause,
  })
  return Object.assign(error, { code: 'EINVAL', syscall: 'send' })
}
