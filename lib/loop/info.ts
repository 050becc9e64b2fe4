import { tlsAddress } from '../address.js'
import type { Info } from '../info.js'
import type { Link } from '../transport/transport.js'
import type { Proxied } from './proxy-header.js'

/** What is known of a connection that opens. `ends`: what a proxy in between says of them. */
export function infoOf(link: Link, addressIndex: number, ends?: Proxied): Info {
  const { local, remote } = ends ?? link.addresses()
  const { tls } = link
  const [localAddress, remoteAddress] =
    tls === undefined ? [local, remote] : [tlsAddress(local), tlsAddress(remote)]
  return { addressIndex, localAddress, remoteAddress, closing: false, tls }
}
