import type { Info } from '../events.js'
import type { Link } from '../transport/transport.js'

/** What is known of a connection that opens. */
export function infoOf(link: Link, addressIndex: number): Info {
  const { local, remote } = link.addresses()
  return { addressIndex, localAddress: local, remoteAddress: remote, closing: false, tls: link.tls }
}
