import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { RevioError } from '../errors.js'
import type { Endpoint } from '../events.js'
import { sizeOfRows } from '../loop/counters.js'
import { type Site, siteOf } from '../loop/endpoint.js'
import { tlsOptionsOf } from '../transport/tls-address.js'
import { Acceptor, unsupported } from './acceptor.js'
import { copyToLoops } from './copy-to-loops.js'
import { Crew } from './crew.js'
import { CrewServer } from './crew-server.js'
import { moduleUrl } from './load-module.js'
import { plain } from './loop-thread.js'
import {
  type Balance,
  checkLoopsOptions,
  type LoopsOptions,
  type LoopsServer,
  type PlainAddress,
  type PlainEndpoint,
  type ServingLoops,
} from './options.js'

/**
 * Binds every address and runs several loops over them, each in its own worker thread; settles when all have ended.
 * Shutdown in one of them shuts all down.
 *
 * ```ts
 * await serveLoops(new URL('./handlers.js', import.meta.url), { loops: 4 }, 'tcp://127.0.0.1:5000')
 * ```
 *
 * @param module - A module's URL or path. Its default export is handlers, or a function of `{ index, loops,
 *   workerData }` that returns them or a promise of them.
 * @param addresses - As for `serve`, but without handlers.
 * @throws `ERR_OPTION`, `ERR_ADDRESS`, `ERR_TLS` for invalid arguments, `ERR_UNSUPPORTED` if this kind of balancing
 *   isn't available here; the system's error if binding fails; what the module, `serving` or `tick` of any loop
 *   threw; why the last loop crashed; `ERR_STALLED` if the shutdown had to terminate a loop. Nothing stays bound.
 */
export function serveLoops(
  module: string | URL,
  options: LoopsOptions,
  ...addresses: (string | Endpoint)[]
): ServingLoops {
  let listens: (server: LoopsServer) => void = () => {}
  let fails: (error: unknown) => void = () => {}
  const listening = new Promise<LoopsServer>((resolve, reject) => {
    listens = resolve
    fails = reject
  })
  listening.catch(() => {})
  const done = run(module, options, addresses, listens)
  done.catch(fails)
  return Object.assign(done, { listening })
}

async function run(
  module: string | URL,
  options: LoopsOptions,
  addresses: readonly (string | Endpoint)[],
  listens: (server: LoopsServer) => void,
): Promise<void> {
  checkLoopsOptions(options)
  const { loops = availableParallelism(), balance = 'round-robin', restart = false, workerData } = options
  const { stallTimeout = 5000, killStalled = false } = options
  const url = moduleUrl(module, 'serveLoops')
  const sites = addresses.map(address => siteOf(address))
  const endpoints = sites.map(plainEndpoint)
  const own = sites.map(site => bindsItself(site, balance))
  const shares = own.includes(false)
  const acceptor = shares && balance !== 'kernel' ? new Acceptor(balance, loops, sites.length) : undefined
  const counts = new SharedArrayBuffer(sizeOfRows(loops))
  const crew = new Crew({
    loops,
    restart,
    stallTimeout,
    killStalled,
    start: { module: url, endpoints, own, group: acceptor?.group, counts, workerData },
    ending: () => acceptor?.close(),
    hold: (index, held) => acceptor?.hold(index, held),
    warn: error => process.emitWarning(error),
  })
  try {
    const known: (PlainAddress | undefined)[] = []
    for (const [index, site] of sites.entries()) {
      const bound = own[index] === false ? await acceptor?.bind(site, index) : undefined
      known.push(bound && plain(bound))
    }
    const bound = await crew.begin(known)
    if (!crew.ending) acceptor?.start()
    if (!crew.failed) listens(new CrewServer(crew, sites, bound, counts))
  } catch (error) {
    acceptor?.close()
    throw error
  }
  await crew.done
}

/** Whether each loop binds the address itself; otherwise one thread accepts for all. */
function bindsItself({ binding }: Site, balance: Balance): boolean {
  // The kernel balances datagrams: there is nothing to hand over.
  if (binding.scheme.startsWith('udp')) return true
  if (balance !== 'kernel') {
    if (binding.portable) throw unsupported(balance, `address "${binding.text}" asks for the portable one`)
    return false
  }
  if (binding.scheme !== 'unix' && binding.scheme !== 'fd') return true
  const what =
    binding.scheme === 'unix'
      ? 'needs ports, which Unix sockets do not have'
      : 'needs one listener for each loop'
  const message = `address "${binding.text}": balance "kernel" ${what}; "round-robin" takes it`
  throw new RevioError('ERR_UNSUPPORTED', `serveLoops: ${message}`)
}

/** The form of an address that a worker receives. */
function plainEndpoint({ endpoint, binding }: Site): PlainEndpoint {
  const { address, events, tls } = endpoint
  if (events !== undefined) {
    const message = `address "${address}": option events: in serveLoops the module makes the handlers`
    throw new RevioError('ERR_OPTION', message)
  }
  if (binding.tls === undefined && tls === undefined) return { address }
  // Sessions that began in one loop can be resumed in any.
  const shared = copyToLoops({ ticketKeys: randomBytes(48), ...tls }, address)
  return { address, tls: shared, secured: copyToLoops(tlsOptionsOf(binding, shared), address) }
}
