import * as tls from 'node:tls'
import type { Address, DialOptions, Events, Server } from '../../lib/index.js'
import { SocketPeer } from './socket-peer.js'
import { SocketWorld } from './socket-world.js'
import { Authority, type Certificate, LOCAL } from './tls/certificates.js'
import type { PeerOptions, Running } from './world.js'

let authority: Authority | undefined
let local: Certificate | undefined
/** What every peer trusts, parsed once: for each peer again, it would take as long as the handshake. */
let trust: tls.SecureContext | undefined

/** Loops whose addresses use TLS, and peers that use it. */
export class TlsWorld extends SocketWorld {
  override readonly title: string
  readonly resizes = true
  readonly handshakes = true
  readonly #version: 'TLSv1.2' | 'TLSv1.3'
  readonly #ca: string

  constructor(transport: 'native' | 'net', network: 'tcp4' | 'tcp6', version: 'TLSv1.2' | 'TLSv1.3') {
    super(transport, network)
    this.title = `${transport} over ${network} with ${version}`
    this.#version = version
    authority ??= new Authority()
    local ??= authority.issue(...LOCAL)
    this.#ca = authority.cert
    trust ??= tls.createSecureContext({ ca: this.#ca })
  }

  override address(options = ''): string {
    const { certFile = '', keyFile = '' } = local ?? {}
    const files = `cert=${certFile}&key=${keyFile}&maxVersion=${this.#version}`
    return super.address(options === '' ? files : `${options}&${files}`).replace('tcp', 'tls')
  }

  override serve<Context = undefined>(events: Events<Context>, ...addresses: string[]): Promise<Running> {
    const trusting: Events<Context> = {
      ...events,
      serving: server => {
        this.#trust(server)
        return events.serving?.(server)
      },
    }
    return super.serve(trusting, ...addresses)
  }

  /** What a loop dials with TLS is one of these. */
  #trust(server: Server): void {
    const dial = server.dial.bind(server)
    server.dial = <Context>(address: string, options?: DialOptions<Context>) =>
      dial(address, address.startsWith('tls') ? { ...options, tls: { ca: this.#ca } } : options)
  }

  protected override peer(address: Address, options: PeerOptions): SocketPeer {
    return new SocketPeer(address, options, { secureContext: trust, servername: 'localhost' })
  }
}
