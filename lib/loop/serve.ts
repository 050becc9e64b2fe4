import type { Endpoint, Events, Handlers, Server, Serving } from '../events.js'
import { siteOf } from './endpoint.js'
import { checkHandlers } from './handlers.js'
import { LoopServer } from './server.js'
import { bindAll, systemLoop } from './system-loop.js'

/**
 * Binds every address, runs one loop over all of them in this thread, and settles when the loop has ended.
 *
 * ```ts
 * await serve({ data: (id, input) => [input] }, 'tcp://127.0.0.1:5000', 'unix:///tmp/echo.sock')
 * ```
 *
 * Resolves after a shutdown; an error on one connection never rejects it. The property `listening` resolves when the
 * loop is running.
 *
 * @param events - The handlers; all are optional.
 * @param addresses - `scheme://where?option=value&…`: `tcp://:5000`, `tcp6://[::1]:0`, `unix:///tmp/a.sock?mode=660`;
 *   or an object with separate handlers, `{ address: 'tcp://:8080', events: http }`, or TLS options, `{ address:
 *   'tls://:8443', tls: { cert, key } }`.
 * @throws `ERR_OPTION`, `ERR_ADDRESS`, `ERR_TLS` for an invalid argument, before anything is bound; the system's
 *   error (`EADDRINUSE`, `EACCES`, `ENOTFOUND` …) if binding fails, with everything released; what `serving` or
 *   `tick` threw, after the loop has ended.
 */
export function serve<Context = undefined>(
  events: Events<Context>,
  ...addresses: (string | Endpoint)[]
): Serving {
  let listens: (server: Server) => void = () => {}
  let fails: (error: unknown) => void = () => {}
  const listening = new Promise<Server>((resolve, reject) => {
    listens = resolve
    fails = reject
  })
  // Callers that ignore this one see the failure in the other promise.
  listening.catch(() => {})
  const done = run(events as Handlers<unknown>, addresses, listens)
  done.catch(fails)
  return Object.assign(done, { listening })
}

async function run(
  events: Handlers<unknown>,
  addresses: readonly (string | Endpoint)[],
  listens: (server: Server) => void,
): Promise<void> {
  checkHandlers(events, 'serve')
  const sites = addresses.map(address => siteOf(address))
  const endpoints = sites.map(({ endpoint }) => endpoint)
  warnOfLostHandlers(events, endpoints)
  const { loop, transports } = systemLoop(events, sites)
  const bound = await bindAll(sites, transports)
  const server = new LoopServer(loop, bound, transports.plain())
  loop.meet(server)
  loop.run()
  if (!loop.shutdown.failed) listens(server)
  await loop.done
}

/** Spreading an instance loses its methods, but not its fields. */
function warnOfLostHandlers(events: Handlers<unknown>, endpoints: readonly Endpoint[]): void {
  const fields = Object.keys(events).filter(name => typeof events[name as keyof Handlers] !== 'function')
  const lost = fields.filter(name => name !== 'signal' && name !== 'slowHandler')
  const { opened, data, ended, closed, detached } = events
  const idle = [opened, data, ended, closed, detached].every(handler => handler === undefined)
  if (lost.length === 0 || !idle || endpoints.every(endpoint => endpoint.events !== undefined)) return
  process.emitWarning(
    `serve: the handlers have the fields ${lost.join(', ')}, but none of opened, data, ended, closed, detached: ` +
      'spreading an instance of a class loses its methods',
    'RevioWarning',
  )
}
