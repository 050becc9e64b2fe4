import type * as net from 'node:net'
import type { Binding } from '../address.js'
import { loadNative, nativeTlsError } from './native/load.js'
import { plainDescriptor } from './native/plain-socket.js'
import { NativeTransport } from './native/transport.js'
import { NativeUdpTransport } from './native/udp.js'
import { NetTransport } from './node/tcp.js'
import { UdpTransport } from './node/udp.js'
import type { Host, Transport } from './transport.js'

/** The loop that owns the transports. */
export interface TransportUser extends Host {
  add(transport: Transport): void
}

/** The transports of one loop, each made on first use. */
export class SystemTransports {
  #user: TransportUser | undefined
  #net: NetTransport | undefined
  #native: NativeTransport | undefined
  #udp: UdpTransport | undefined
  #nativeUdp: NativeUdpTransport | undefined
  /** Why addresses with TLS run on the portable transport although others run on the native one. */
  #tlsError: Error | undefined

  /** @throws `ERR_NATIVE` if the environment requires the native transport and it cannot be loaded. */
  constructor() {
    // Fails before anything is bound, even if no address needs the native transport.
    loadNative()
  }

  /** Sets the loop. Must be the first call. */
  use(user: TransportUser): void {
    this.#user = user
  }

  /**
   * Returns the transport for an address: the native one, or the portable one if the address requests it or nothing
   * else is available.
   *
   * @throws `ERR_NATIVE` if the environment requires the native transport and it cannot be loaded.
   */
  for(binding: Binding): Transport {
    const datagrams = binding.scheme.startsWith('udp')
    if (!binding.portable) {
      const native: Transport | undefined = datagrams ? this.#nativeDatagrams() : this.#plain()
      const lacksTls = binding.tls !== undefined && native?.doesTls !== true
      if (native !== undefined && !lacksTls) return native
      if (native !== undefined) this.#tlsError = nativeTlsError()
    }
    return datagrams ? this.#portableDatagrams() : this.net()
  }

  /** The native transport for streams, if it is available. */
  native(): NativeTransport | undefined {
    return this.#plain()
  }

  net(): NetTransport {
    this.#net ??= this.#make(host => new NetTransport(host))
    return this.#net
  }

  /** The transport that takes over a foreign socket: the native one if it can take over the whole socket. */
  attacherOf(socket: net.Socket): NativeTransport | NetTransport {
    const native = plainDescriptor(socket) === undefined ? undefined : this.#plain()
    return native ?? this.net()
  }

  /** The transport of plain addresses, and why some or all addresses don't run on the native one. */
  plain(): { transport: Transport['name']; transportError: Error | undefined } {
    const { error } = loadNative()
    return { transport: error === undefined ? 'native' : 'net', transportError: error ?? this.#tlsError }
  }

  /** Releases everything that is bound. */
  release(): void {
    for (const transport of [this.#native, this.#net, this.#nativeUdp, this.#udp]) {
      transport?.unbind()
      transport?.close()
    }
  }

  #plain(): NativeTransport | undefined {
    const { addon } = loadNative()
    if (addon !== undefined) this.#native ??= this.#make(host => new NativeTransport(addon, host))
    return this.#native
  }

  #nativeDatagrams(): NativeUdpTransport | undefined {
    const { addon } = loadNative()
    if (addon !== undefined) this.#nativeUdp ??= this.#make(host => new NativeUdpTransport(addon, host))
    return this.#nativeUdp
  }

  #portableDatagrams(): UdpTransport {
    this.#udp ??= this.#make(host => new UdpTransport(host))
    return this.#udp
  }

  #make<T extends Transport>(make: (host: Host) => T): T {
    if (this.#user === undefined) throw new Error('there is no loop to make a transport for')
    const transport = make(this.#user)
    this.#user.add(transport)
    return transport
  }
}
