import { Duplex } from 'node:stream'
import { RevioError } from '../errors.js'
import type { Info } from '../events.js'
import type { LayeredLink, LayerHost } from '../transport/layering.js'
import type { Link } from '../transport/transport.js'
import { FunctionLink } from './function-link.js'
import { checkLayer, type Layer, type Pair, streamOf } from './layer.js'
import { StreamLink } from './stream-link.js'
import { Wire } from './wire.js'

/** Makes the layer of a connection, given its bytes as a stream. */
export type Wrap = (id: number, wire: Duplex, info: Info) => Layer

/**
 * Puts the layer that `wrap` makes around a link.
 *
 * @throws What `wrap` throws; `ERR_OPTION` when that makes no layer; `ERR_UNSUPPORTED` for datagrams.
 */
export function makeLayer(id: number, info: Info, wrap: Wrap, link: Link, host: LayerHost): LayeredLink {
  if (info.localAddress.network.startsWith('udp')) {
    throw new RevioError('ERR_UNSUPPORTED', `connection ${id}: datagrams are no stream to be translated`)
  }
  const wire = link.socket ?? new Wire(link)
  const layer: unknown = wrap(id, wire, info)
  checkLayer(layer)
  if (layer instanceof Duplex) {
    link.surrender?.()
    return new StreamLink(id, link, { wire, source: layer, sink: layer }, host)
  }
  if (!hasStream(layer)) return new FunctionLink(id, link, layer)
  const [source, sink] = [streamOf(layer, 'decode'), streamOf(layer, 'encode')]
  return new StreamLink(id, link, { wire: new Wire(link), source, sink }, host)
}

function hasStream({ decode, encode }: Pair): boolean {
  return decode instanceof Duplex || encode instanceof Duplex
}
