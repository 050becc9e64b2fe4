import { RevioError } from '../errors.js'
import { show } from '../show.js'
import { Connections } from './connections.js'
import { HANDLERS, type WebSocketHandlers } from './handlers.js'
import { settingsOf, type WebSocketOptions } from './options.js'
import type { UpgradeRequest } from './request.js'
import type { Given, WebSockets } from './types.js'

/** The methods for use from anywhere. */
const METHODS = [
  'ids',
  'topics',
  'subscribers',
  'send',
  'close',
  'ping',
  'pending',
  'pause',
  'resume',
  'subscribe',
  'unsubscribe',
  'publish',
  'broadcast',
] as const satisfies (keyof WebSockets)[]

/**
 * WebSocket (RFC 6455) over HTTP.
 *
 * ```ts
 * const sockets = websocket({ message: (id, data) => [data] })
 * await serve(http({ upgrade: sockets, request }), 'tcp://:8080')
 * ```
 *
 * @throws `ERR_OPTION` for an unknown handler or option, or an invalid value.
 */
export function websocket<Context = undefined>(
  handlers: WebSocketHandlers<Context>,
  options: WebSocketOptions = {},
): WebSockets<Context> {
  checkHandlers(handlers)
  const connections = new Connections(handlers, settingsOf(options))
  const upgrade = (id: number, request: UpgradeRequest, ...given: Given<Context>) =>
    connections.upgrade(id, request, given[0] as Context)
  Object.defineProperty(upgrade, 'size', { get: () => connections.size })
  for (const name of METHODS) Object.assign(upgrade, { [name]: connections[name].bind(connections) })
  return upgrade as WebSockets<Context>
}

function checkHandlers(handlers: unknown): void {
  if (typeof handlers !== 'object' || handlers === null) {
    throw new RevioError(
      'ERR_OPTION',
      `websocket: expected an object with handlers; received ${show(handlers)}`,
    )
  }
  const given = handlers as Readonly<Record<string, unknown>>
  for (const name of HANDLERS) {
    if (given[name] === undefined || typeof given[name] === 'function') continue
    throw new RevioError(
      'ERR_OPTION',
      `websocket: handler "${name}" must be a function; received ${typeof given[name]}`,
    )
  }
  const known: readonly string[] = HANDLERS
  const unknown = Object.keys(given).find(name => typeof given[name] === 'function' && !known.includes(name))
  if (unknown !== undefined) {
    throw new RevioError(
      'ERR_OPTION',
      `websocket: unknown handler "${unknown}"; known handlers are ${HANDLERS.join(', ')}`,
    )
  }
}
