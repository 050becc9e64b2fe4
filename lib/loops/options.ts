import type { MessagePort } from 'node:worker_threads'
import { RevioError } from '../errors.js'
import type { Endpoint, Posting, Server } from '../events.js'
import type { Address } from '../info.js'
import type { Stats } from '../stats.js'
import type { TlsServerOptions } from '../tls.js'

/**
 * Which loop gets a connection: the next one, that with the fewest, any, or whichever the system chooses, as each loop
 * listens for itself (`SO_REUSEPORT`).
 */
export type Balance = 'round-robin' | 'least-connections' | 'random' | 'kernel'

/** How several loops run. */
export interface LoopsOptions {
  /** How many. Default: one for each core that the process may use. */
  loops?: number
  /** Default `'round-robin'`. */
  balance?: Balance
  /** True: a loop that dies is replaced. Default false: the others go on without it. */
  restart?: boolean
  /** Handed to the module's function, as a copy in each loop. */
  workerData?: unknown
}

/** What a module's function is told. */
export interface LoopStart<Data = unknown> {
  /** Which loop it is to make handlers for, from 0. */
  readonly index: number
  readonly loops: number
  readonly workerData: Data
}

/** Running loops, seen from the thread that started them. */
export interface LoopsServer
  extends Pick<Server, 'addresses' | 'connections' | 'loops' | 'transport' | 'transportError'> {
  /** The sum over all loops, or one loop's. */
  stats(options?: { loop?: number }): Stats
  /**
   * Sends a copy of `message` to the `message` handlers of all loops, or of loop `to`; they see it as from -1. False
   * when no loop is there to get it.
   */
  post(message: unknown, options?: Posting): boolean
  /** A port for another thread: what is posted on it comes to the `message` handlers of all loops, or of loop `to`. */
  port(options?: { to?: number }): MessagePort
  /**
   * Loads a module (default: the same) anew in every loop; then its handlers take over as in `server.reload`. Rejects
   * with the first error where that fails in any loop, and then nothing has changed in any.
   */
  reload(module?: string | URL): Promise<void>
  /** As `setSecureContext` of `Server`, in every loop. `tls` is copied, so that it may hold no function. */
  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void
  /** Ends all loops, as `shutdown` in any of them does. */
  shutdown(options?: { timeout?: number; grace?: number }): void
}

/** Running loops: settles when all have ended. */
export interface ServingLoops extends Promise<void> {
  /** Settles once all loops run; rejects as `serveLoops` does. */
  readonly listening: Promise<LoopsServer>
}

/** What a worker is told of an address; it reads it for itself. */
export type PlainEndpoint = Pick<Endpoint, 'address' | 'tls'>

/** An address that crosses between threads. */
export type PlainAddress = Omit<Address, 'toString'>

const KNOWN: readonly string[] = [
  'loops',
  'balance',
  'restart',
  'workerData',
] satisfies (keyof LoopsOptions)[]
const BALANCES: readonly string[] = [
  'round-robin',
  'least-connections',
  'random',
  'kernel',
] satisfies Balance[]
const MOST_LOOPS = 1024

/** @throws `ERR_OPTION`, naming the option and its value. */
export function checkLoopsOptions(options: unknown): asserts options is LoopsOptions {
  if (typeof options !== 'object' || options === null) wrong('options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (KNOWN.includes(name)) continue
    throw new RevioError(
      'ERR_OPTION',
      `serveLoops: unknown option "${name}"; known options are ${KNOWN.join(', ')}`,
    )
  }
  const { loops, balance, restart } = options as Readonly<Record<string, unknown>>
  if (
    loops !== undefined &&
    !(Number.isInteger(loops) && Number(loops) >= 1 && Number(loops) <= MOST_LOOPS)
  ) {
    wrong('option loops', `an integer from 1 to ${MOST_LOOPS}`, loops)
  }
  if (balance !== undefined && !BALANCES.includes(balance as string)) {
    wrong('option balance', `one of ${BALANCES.join(', ')}`, balance)
  }
  if (restart !== undefined && typeof restart !== 'boolean') wrong('option restart', 'true or false', restart)
}

function wrong(what: string, expected: string, given: unknown): never {
  throw new RevioError('ERR_OPTION', `serveLoops: ${what}: expected ${expected}; received ${String(given)}`)
}
