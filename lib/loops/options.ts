import type { MessagePort } from 'node:worker_threads'
import { RevioError } from '../errors.js'
import type { Endpoint, Posting, Server } from '../events.js'
import type { Address } from '../info.js'
import { show } from '../show.js'
import type { Stats } from '../stats.js'
import type { TlsServerOptions } from '../tls.js'

/**
 * How connections are distributed: to the next loop, the one with the fewest, a random one, or the kernel's choice,
 * where each loop has its own listening socket (`SO_REUSEPORT`).
 */
export type Balance = 'round-robin' | 'least-connections' | 'random' | 'kernel'

/** Options of `serveLoops`. */
export interface LoopsOptions {
  /** The number of loops. Default: one per core available to the process. */
  loops?: number
  /** How to distribute connections. Default `'round-robin'`. */
  balance?: Balance
  /** True: replaces a loop that crashes. Default false: the others go on without it. */
  restart?: boolean
  /**
   * Milliseconds after which a loop that does not respond, because a handler holds its thread, counts as stalled: a
   * process warning reports it, and new connections go to the other loops until it responds. A shutdown terminates a
   * loop that is stalled when its time is up. Default 5000; `Infinity` waits forever.
   */
  stallTimeout?: number
  /**
   * True: terminates a stalled loop, as if it had crashed; `restart` replaces it. Default false: its connections wait
   * for it.
   */
  killStalled?: boolean
  /** Passed to the module's function; each loop gets its own copy. */
  workerData?: unknown
}

/** The argument of a module's function. */
export interface LoopStart<Data = unknown> {
  /** The index of the loop to create handlers for, from 0. */
  readonly index: number
  readonly loops: number
  readonly workerData: Data
}

/** Running loops, as seen by the thread that started them. */
export interface LoopsServer
  extends Pick<Server, 'addresses' | 'connections' | 'loops' | 'transport' | 'transportError'> {
  /** The sum over all loops, or one loop's. */
  stats(options?: { loop?: number }): Stats
  /**
   * Sends a copy of `message` to the `message` handlers of all loops, or of loop `to`; `from` is -1. Returns false if
   * no loop receives it.
   */
  post(message: unknown, options?: Posting): boolean
  /**
   * Returns a port for another thread: messages posted on it go to the `message` handlers of all loops, or of loop
   * `to`.
   */
  port(options?: { to?: number }): MessagePort
  /**
   * Reloads a module (default: the same) in every loop; then its handlers take over as in `server.reload`. If that
   * fails in any loop, rejects with the first error, and nothing changes in any.
   */
  reload(module?: string | URL): Promise<void>
  /** As `setSecureContext` of `Server`, in every loop. `tls` is copied, so it can't contain functions. */
  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void
  /** Shuts all loops down, as `shutdown` in any of them does. */
  shutdown(options?: { timeout?: number; grace?: number }): void
}

/** Running loops: settles when all have ended. */
export interface ServingLoops extends Promise<void> {
  /** Resolves once all loops are running; rejects as `serveLoops` does. */
  readonly listening: Promise<LoopsServer>
}

/** Describes an address to a worker, which parses it itself. */
export interface PlainEndpoint extends Pick<Endpoint, 'address' | 'tls'> {
  /**
   * All TLS options in force, with the contents of files: a loop that starts later may find other files, or may not
   * read them.
   */
  readonly secured?: TlsServerOptions
}

/** An address that crosses between threads. */
export type PlainAddress = Omit<Address, 'toString'>

const KNOWN: readonly string[] = [
  'loops',
  'balance',
  'restart',
  'stallTimeout',
  'killStalled',
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
  const { loops, balance, restart, stallTimeout, killStalled } = options as Readonly<Record<string, unknown>>
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
  if (stallTimeout !== undefined && !(typeof stallTimeout === 'number' && stallTimeout > 0)) {
    wrong('option stallTimeout', 'a positive number of milliseconds', stallTimeout)
  }
  if (killStalled !== undefined && typeof killStalled !== 'boolean') {
    wrong('option killStalled', 'true or false', killStalled)
  }
}

function wrong(what: string, expected: string, given: unknown): never {
  throw new RevioError('ERR_OPTION', `serveLoops: ${what}: expected ${expected}; received ${show(given)}`)
}
