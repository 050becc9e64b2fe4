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
 * Adds a layer (encryption, compression, TLS) between the wire and `events`, for connections for which
 * `should` returns true. Handlers, `send` and `pending` see plain bytes.
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
 * - All rules for connections apply to the plain bytes: order, actions, promises, tokens, `pause`, limits,
 *   `prewrite` and `postwrite`. Output counts as sent when the system has accepted all its encoded bytes.
 * - `Close` and `End` end the layer first and send its last bytes; the peer's end follows the last bytes that
 *   the layer had buffered.
 * - An error in the layer closes the connection with that error; destroying the layer before it has ended
 *   closes it too.
 * - `detached` receives a socket for the plain bytes: the layer itself if it is a `net.Socket`.
 *
 * @param events - The program's handlers, for connections with a layer and without. They are looked up at
 *   each call.
 * @param should - Returns whether a connection gets a layer; runs once, before `opened`.
 * @param wrap - Creates the layer: a stream that reads and writes `wire`, which carries the connection's raw
 *   bytes, or a pair of functions or streams that convert them. An exception closes the connection.
 * @throws `ERR_OPTION` for an invalid argument.
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
    if (connection === undefined) throw new Error('translate: only a loop may call `opened`')
    const failure = connection.layer((link, host) =>
      should(id, info) ? makeLayer(id, info, wrap, link, host) : undefined,
    )
    // Without a layer, the loop calls the program's handlers directly from now on.
    if (connection.handlers === translated) connection.handlers = program
    if (failure === undefined) return program.opened?.(id, info)
    const opening = program.opened?.(id, { ...info, closing: true })
    return Array.isArray(opening) ? [undefined, opening[1], opening[2]] : opening
  }
  Object.defineProperty(translated, 'opened', { enumerable: true, value: opened })
  madeOf(program, translated)
  return translated as Events<Context>
}

/**
 * Returns a getter of the program's current value for a name, with functions bound to the program's object.
 */
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
