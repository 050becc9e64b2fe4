import { Duplex } from 'node:stream'
import { RevioError } from '../errors.js'
import type { Info } from '../info.js'
import type { LayeredLink, LayerHost } from '../transport/layering.js'
import type { Link } from '../transport/transport.js'
import { FunctionLink } from './function-link.js'
import { checkLayer, type Layer, type Pair, streamOf } from './layer.js'
import { SocketLink } from './socket-link.js'
import { Streams } from './streams.js'
import { Wire } from './wire.js'
import { WireLink } from './wire-link.js'

/** Makes the layer of a connection. `wire` is a stream of the connection's bytes. */
export type Wrap = (id: number, wire: Duplex, info: Info) => Layer

/**
 * Puts the layer that `wrap` makes around a link.
 *
 * @throws What `wrap` throws; `ERR_OPTION` if its result is not a layer; `ERR_UNSUPPORTED` for datagrams.
 */
export function makeLayer(id: number, info: Info, wrap: Wrap, link: Link, host: LayerHost): LayeredLink {
  if (info.localAddress.network.startsWith('udp')) {
    throw new RevioError(
      'ERR_UNSUPPORTED',
      `connection ${id}: translate requires a stream; this is a datagram socket`,
    )
  }
  const { socket } = link
  const given = socket ?? new Wire(link)
  const layer: unknown = wrap(id, given, info)
  checkLayer(layer)
  if (layer instanceof Duplex && socket !== undefined) {
    link.surrender?.()
    return new SocketLink(id, link, new Streams(socket, layer, layer), socket, host)
  }
  if (!(layer instanceof Duplex || hasStream(layer))) return new FunctionLink(id, link, layer)
  const wire = given instanceof Wire ? given : new Wire(link)
  const source = layer instanceof Duplex ? layer : streamOf(layer, 'decode')
  const sink = layer instanceof Duplex ? layer : streamOf(layer, 'encode')
  return new WireLink(id, link, new Streams(wire, source, sink), wire, host)
}

function hasStream({ decode, encode }: Pair): boolean {
  return decode instanceof Duplex || encode instanceof Duplex
}
