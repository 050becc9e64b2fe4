import type { Duplex } from 'node:stream'
import { RevioError } from './errors.js'
import type { Events, Handlers } from './events.js'
import type { Info } from './info.js'
import type { Layer } from './layer/layer.js'
import { makeLayer } from './layer/make-layer.js'
import { checkHandlers, HANDLERS } from './loop/handlers.js'
import { madeOf, openingOf } from './transport/layering.js'

export type { Coded, Coder, Layer, Pair } from './layer/layer.js'

/**
 * Puts a layer between the wire and `events`, for the connections that `should` chooses: a cipher, a compressor, TLS.
 * The handlers see plain bytes, and so do `send` and `pending`.
 *
 * ```ts
 * const masked = translate(events, () => true, () => ({ decode: unmask, encode: mask }))
 * const compressed = translate(events, () => true, () => ({
 *   decode: createInflateRaw(),
 *   encode: createDeflateRaw({ flush: constants.Z_SYNC_FLUSH }),
 * }))
 * const secure = translate(events, () => true, (id, wire) => new TLSSocket(wire, { isServer: true, key, cert }))
 * await serve(secure, 'tcp://:5000')
 * ```
 *
 * - All that is said of a connection holds for the plain bytes: order, actions, promises, tokens, `pause`, limits,
 *   `prewrite` and `postwrite`. Output has been written when the system has taken all that it became.
 * - `Close` and `End` end the layer first, so that the last of its bytes goes out; the peer's end comes behind the last
 *   that it had kept.
 * - An error of the layer closes its connection with that error; so does one that is destroyed before it has ended.
 * - `detached` gets a socket for the plain bytes. What `wrap` made is that socket where it is a `net.Socket`.
 *
 * @param events - The program's handlers, for connections with a layer and without. They are looked up when they are
 * called; those that are absent stay absent.
 * @param should - Whether a connection gets a layer; asked once, before `opened`.
 * @param wrap - Makes the layer: a stream that has taken hold of `wire`, which carries the bytes of the connection, or a
 * pair of functions or streams through which these are led. What it throws closes the connection.
 * @throws `ERR_OPTION` when an argument is none of these.
 */
export function translate<Context = undefined>(
  events: Events<Context>,
  should: (id: number, info: Info) => boolean,
  wrap: (id: number, wire: Duplex, info: Info) => Layer,
): Events<Context> {
  checkHandlers(events, 'translate')
  for (const [name, given] of Object.entries({ should, wrap })) {
    if (typeof given !== 'function') {
      throw new RevioError('ERR_OPTION', `translate: ${name} must be a function; received ${typeof given}`)
    }
  }
  const program = events as Handlers<unknown>
  const translated: Handlers<unknown> = {}
  for (const name of [...HANDLERS, 'signal'] as const) {
    const get = lookup(program, name)
    Object.defineProperty(translated, name, { enumerable: true, configurable: true, get })
  }
  const opened = (id: number, info: Info) => {
    if (info.closing) return program.opened?.(id, info)
    const connection = openingOf(id)
    if (connection === undefined) throw new Error('translate: its `opened` is for a loop to call')
    const failure = connection.layer((link, host) =>
      should(id, info) ? makeLayer(id, info, wrap, link, host) : undefined,
    )
    // Where nothing stands between, the loop calls the program's own from now on.
    if (connection.handlers === translated) connection.handlers = program
    if (failure === undefined) return program.opened?.(id, info)
    const opening = program.opened?.(id, { ...info, closing: true })
    return Array.isArray(opening) ? [undefined, opening[1], opening[2]] : opening
  }
  Object.defineProperty(translated, 'opened', { enumerable: true, value: opened })
  madeOf(program, translated)
  return translated as Events<Context>
}

/** Answers what the program has under a name now; functions as methods of the program's object. */
function lookup(program: Handlers<unknown>, name: keyof Handlers<unknown>): () => unknown {
  let found: unknown
  let bound: unknown
  return () => {
    const now = program[name]
    if (now === found) return bound
    found = now
    bound = typeof now === 'function' ? now.bind(program) : now
    return bound
  }
}
