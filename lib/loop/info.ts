import { tlsAddress } from '../address.js'
import type { Address, Info } from '../info.js'
import type { Link } from '../transport/transport.js'
import type { Proxied } from './proxy-header.js'

/** Connections at one address share their local address: the last one used, plain and with TLS. */
let lastLocal: { readonly plain: Address; readonly tls: Address } | undefined

/** The `Info` of an opening connection. `ends`: the addresses from a PROXY header. */
export function infoOf(link: Link, addressIndex: number, ends?: Proxied): Info {
  const { local, remote } = ends ?? link.addresses()
  const { tls } = link
  const [localAddress, remoteAddress] =
    tls === undefined ? [local, remote] : [tlsLocal(local), tlsAddress(remote)]
  return { addressIndex, localAddress, remoteAddress, closing: false, tls }
}

function tlsLocal(plain: Address): Address {
  if (lastLocal?.plain !== plain) lastLocal = { plain, tls: tlsAddress(plain) }
  return lastLocal.tls
}
