import type * as net from 'node:net'
import type { Binding } from '../address.js'
import { loadNative, nativeTlsError } from './native/load.js'
import { plainDescriptor } from './native/plain-socket.js'
import { NativeTransport } from './native/transport.js'
import { NativeUdpTransport } from './native/udp.js'
import { NetTransport } from './node/tcp.js'
import { UdpTransport } from './node/udp.js'
import type { Host, Transport } from './transport.js'

/** The loop that transports are made for. */
export interface TransportUser extends Host {
  add(transport: Transport): void
}

/** The transports of one loop, each made when it is first needed. */
export class SystemTransports {
  #user: TransportUser | undefined
  #net: NetTransport | undefined
  #native: NativeTransport | undefined
  #udp: UdpTransport | undefined
  #nativeUdp: NativeUdpTransport | undefined
  /** Why an address with TLS does not run on the native transport, though others do. */
  #tlsError: Error | undefined

  /** @throws `ERR_NATIVE` when the environment insists on the native transport and it cannot be had. */
  constructor() {
    // Looked at before anything is bound, whether or not an address asks for it.
    loadNative()
  }

  /** Names the loop; first of all. */
  use(user: TransportUser): void {
    this.#user = user
  }

  /**
   * What an address runs on: the native transport, or the portable one where that was asked for or is all there is.
   *
   * @throws `ERR_NATIVE` when the environment insists on the native transport and it cannot be had.
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

  /** The native transport for streams; undefined where there is none. */
  native(): NativeTransport | undefined {
    return this.#plain()
  }

  net(): NetTransport {
    this.#net ??= this.#make(host => new NetTransport(host))
    return this.#net
  }

  /** What takes in a socket that others have made: the native transport where it can take over all of it. */
  attacherOf(socket: net.Socket): NativeTransport | NetTransport {
    const native = plainDescriptor(socket) === undefined ? undefined : this.#plain()
    return native ?? this.net()
  }

  /** What plain addresses run on, and why not all of what was asked for runs on the native transport, if it does not. */
  plain(): { transport: Transport['name']; transportError: Error | undefined } {
    const { error } = loadNative()
    return { transport: error === undefined ? 'native' : 'net', transportError: error ?? this.#tlsError }
  }

  /** Gives back what has been bound. */
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
