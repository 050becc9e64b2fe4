import type { Duplex } from 'node:stream'
import type { Events, Info } from './events.js'
import type { Layer } from './layer/codec.js'
import { Translations } from './layer/translations.js'

export type { Layer, Pair } from './layer/codec.js'

/**
 * Puts a layer between the wire and `events`, for the connections that `should` chooses: a cipher, a compressor, TLS.
 * The handlers see plain bytes, and so do `send` and `pending` of the server that `serving` gets.
 *
 * ```ts
 * const compressed = translate(events, () => true, () => ({
 *   decode: createInflateRaw(),
 *   encode: createDeflateRaw({ flush: constants.Z_SYNC_FLUSH }),
 * }))
 * const secure = translate(events, () => true, (id, wire) => new TLSSocket(wire, { isServer: true, key, cert }))
 * await serve(secure, 'tcp://:5000')
 * ```
 *
 * - Order, `Close`, `Detach`, promises, `pause` and the limits mean what they do without a layer. `Close` and `End` end
 *   the layer first, so that the last of its bytes goes out; the peer's end comes behind the last that it had kept.
 * - An error of the layer closes its connection with that error; so does one that is destroyed before it has ended.
 * - `detached` gets a socket for the plain bytes. What `wrap` made is that socket where it is a `net.Socket`.
 * - `prewrite` and `postwrite` tell of the bytes on the wire.
 * - `reuseInputBuffer` makes no difference: plain bytes lie in memory of their own.
 *
 * @param events - The program's handlers, for connections with a layer and without.
 * @param should - Whether a connection gets a layer; asked once, before `opened`.
 * @param wrap - Makes the layer: a stream that has taken hold of `wire`, which carries the bytes of the connection, or a
 * pair of streams through which these are led. What it throws closes the connection.
 */
export function translate<Context = undefined>(
  events: Events<Context>,
  should: (id: number, info: Info) => boolean,
  wrap: (id: number, wire: Duplex, info: Info) => Layer,
): Events<Context> {
  return new Translations(events, should, wrap).handlers() as Events<Context>
}
