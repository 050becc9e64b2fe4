import { type Binding, parseAddress } from '../address.js'
import { addressError, RevioError } from '../errors.js'
import type { Address, Events } from '../events.js'
import { SystemTransports } from '../transport/choose.js'
import { type Clock, systemClock } from './clock.js'
import { Loop } from './loop.js'
import { LoopServer } from './server.js'

/**
 * Binds every address, runs one loop over all of them in this thread, and settles when the loop has ended.
 *
 * ```ts
 * await serve({ data: (id, input) => [input] }, 'tcp://127.0.0.1:5000', 'unix:///tmp/echo.sock')
 * ```
 *
 * It resolves after a shutdown, and never rejects because of one connection.
 *
 * @param events - The handlers; all are optional.
 * @param addresses - `scheme://where?option=value&…`: `tcp://:5000`, `tcp6://[::1]:0`, `unix:///tmp/a.sock?mode=660`.
 * @throws `ERR_ADDRESS` when an address is wrong, before anything is bound; the system's error (`EADDRINUSE`, `EACCES`,
 * `ENOTFOUND` …) when binding fails, with everything released; what `serving` or `tick` threw, after the loop has ended.
 */
export async function serve<Context = undefined>(
  events: Events<Context>,
  ...addresses: string[]
): Promise<void> {
  if (typeof events !== 'object' || events === null) {
    throw new RevioError('ERR_OPTION', `serve needs an object with handlers first, not ${typeof events}`)
  }
  const bindings = addresses.map(parseAddress)
  const clock: Clock = systemClock
  const warn = (error: Error) => process.emitWarning(error)
  const transports = new SystemTransports()
  const transportFor = (binding: Binding) => transports.for(binding)
  const loop: Loop<Context> = new Loop({
    events,
    clock,
    warn,
    transportFor,
    attacher: () => transports.net(),
  })
  transports.use(loop)
  const chosen = transports.plain()
  const bound = await bindAll(bindings, transports)
  loop.start(new LoopServer(loop, bound, chosen))
  await loop.done
}

/** Binds one address after the other; where one fails the others are released. */
async function bindAll(bindings: readonly Binding[], transports: SystemTransports): Promise<Address[]> {
  const bound: Address[] = []
  for (const [index, binding] of bindings.entries()) {
    try {
      bound.push(await transports.for(binding).bind(binding, index))
    } catch (error) {
      transports.release()
      throw addressError(binding.text, error)
    }
  }
  return bound
}
