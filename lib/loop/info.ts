import { tlsAddress } from '../address.js'
import type { Info } from '../events.js'
import type { Link } from '../transport/transport.js'

/** What is known of a connection that opens. */
export function infoOf(link: Link, addressIndex: number): Info {
  const { local, remote } = link.addresses()
  const { tls } = link
  const [localAddress, remoteAddress] =
    tls === undefined ? [local, remote] : [tlsAddress(local), tlsAddress(remote)]
  return { addressIndex, localAddress, remoteAddress, closing: false, tls }
}
