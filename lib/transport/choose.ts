import type { Binding } from '../address.js'
import { RevioError } from '../errors.js'
import { NetTransport } from './net.js'
import type { Host, Transport } from './transport.js'

/** The loop that transports are made for. */
export interface TransportUser extends Host {
  add(transport: Transport): void
}

/** The transports of one loop, each made when it is first needed. */
export class SystemTransports {
  #user: TransportUser | undefined
  #net: NetTransport | undefined

  /** Names the loop; first of all. */
  use(user: TransportUser): void {
    this.#user = user
  }

  /** What an address runs on. */
  for(binding: Binding): Transport {
    if (binding.scheme.startsWith('udp')) {
      throw new RevioError('ERR_UNSUPPORTED', `address "${binding.text}": datagrams are not there yet`)
    }
    return this.net()
  }

  net(): NetTransport {
    this.#net ??= this.#make(host => new NetTransport(host))
    return this.#net
  }

  /** What plain addresses run on, and why not on the native transport, if they do not. */
  plain(): { transport: Transport['name']; transportError: Error | undefined } {
    return { transport: this.net().name, transportError: undefined }
  }

  /** Gives back what has been bound. */
  release(): void {
    this.#net?.unbind()
    this.#net?.close()
  }

  #make<T extends Transport>(make: (host: Host) => T): T {
    if (this.#user === undefined) throw new Error('there is no loop to make a transport for')
    const transport = make(this.#user)
    this.#user.add(transport)
    return transport
  }
}
