import { Buffer } from 'node:buffer'
import * as dgram from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { type Binding, inetAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { type Endpoint, firstThatBinds, resolveHost } from '../resolve.js'
import { StagingBuffer } from '../staging.js'
import type { Host, Transport } from '../transport.js'
import { checkReusePort } from './reuse-port.js'
import { UdpSocket, type UdpSocketOptions } from './udp-socket.js'

/**
 * Datagrams over `node:dgram`: the portable transport. Each remote of a binding is a connection, from its first
 * datagram on.
 *
 * Limits: datagrams before `start` are dropped. ICMP errors are not reported, because the OS does not report them to a
 * socket with several remotes.
 */
export class UdpTransport implements Transport {
  readonly name = 'net'
  readonly stage = new StagingBuffer(Buffer.allocUnsafeSlow(0))
  readonly sharesInput = false
  readonly datagrams = true
  readonly #host: Host
  readonly #sockets: UdpSocket[] = []

  constructor(host: Host) {
    this.#host = host
  }

  async bind(binding: Binding, addressIndex: number): Promise<Address> {
    if (binding.reuseport) checkReusePort(binding, 'Node 22.12')
    const socket = await firstThatBinds(await resolveHost(binding), endpoint => bound(endpoint, binding))
    // A failed receive: its sender is unknown, and the next one may succeed.
    socket.on('error', () => {})
    const { address: host, port } = socket.address() as AddressInfo
    const address = inetAddress('udp', host, port)
    const accept: UdpSocketOptions['accept'] = link => this.#host.accepted(this, link, addressIndex)
    const { maxConnections } = binding
    this.#sockets.push(new UdpSocket({ host: this.#host, socket, address, maxConnections, accept }))
    return address
  }

  dial(target: Binding): () => void {
    throw new RevioError('ERR_UNSUPPORTED', `address "${target.text}": datagrams have no connection to dial`)
  }

  start(): void {
    for (const socket of this.#sockets) socket.start()
  }

  flush(): void {}

  unbind(): void {
    for (const socket of this.#sockets) socket.stop()
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
    this.#sockets.length = 0
  }
}

/** Binds a socket. On failure, leaves nothing open. */
function bound({ host, port, family, dualStack }: Endpoint, { reuseport }: Binding): Promise<dgram.Socket> {
  const socket = dgram.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6 && !dualStack,
    lookup: numeric,
    ...(reuseport ? { reusePort: true } : {}),
  })
  return new Promise((resolve, reject) => {
    socket.once('error', error => {
      socket.close()
      reject(error)
    })
    socket.bind({ port, address: host }, () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

/** All hosts are numeric by now. A lookup would delay every datagram by a turn of the event loop. */
const numeric: NonNullable<dgram.SocketOptions['lookup']> = (host, options, done) => {
  done(null, host, options.family === 6 ? 6 : 4)
}
