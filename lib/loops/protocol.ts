import type { MessagePort } from 'node:worker_threads'
import { asError, type Code, RevioError } from '../errors.js'
import type { TlsServerOptions } from '../tls.js'
import type { PlainAddress, PlainEndpoint } from './options.js'

/** A worker's initial data. */
export interface Start {
  readonly index: number
  readonly module: string
  readonly endpoints: readonly PlainEndpoint[]
  /** Indices of the addresses that this thread binds itself; the group supplies connections to the others. */
  readonly own: readonly boolean[]
  /** The group to join, if any. */
  readonly group: number | undefined
  /** Shared counters of all loops. */
  readonly counts: SharedArrayBuffer
  readonly workerData: unknown
}

/** Messages to a loop. */
export type Order =
  /** Another loop can be reached through this port from now on. */
  | { readonly kind: 'meet'; readonly index: number; readonly port: MessagePort }
  /** Bind your own addresses; use the port if one is known already. */
  | { readonly kind: 'bind'; readonly known: readonly (PlainAddress | undefined)[] }
  /** All addresses are bound: start. */
  | { readonly kind: 'run'; readonly addresses: readonly PlainAddress[] }
  | { readonly kind: 'message'; readonly message: unknown }
  /** Load other handlers, and wait. */
  | { readonly kind: 'load'; readonly module: string; readonly version: number }
  /** Install or discard the loaded handlers. */
  | { readonly kind: 'swap'; readonly taken: boolean }
  | { readonly kind: 'secure'; readonly addressIndex: number; readonly tls: TlsServerOptions }
  /** Answer at once. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop'; readonly timeout: number; readonly grace: number }

/** Messages from a loop. */
export type Report =
  | { readonly kind: 'bound'; readonly addresses: readonly (PlainAddress | undefined)[] }
  | { readonly kind: 'running' }
  /** The answer to a ping. */
  | { readonly kind: 'alive' }
  /** Whether an order succeeded, or why not. */
  | { readonly kind: 'loaded' | 'swapped'; readonly fault: Fault | undefined }
  /** It failed to start. */
  | { readonly kind: 'unfit'; readonly fault: Fault }
  /** Its shutdown has begun, or begins when no connection is left or `grace` has passed. */
  | { readonly kind: 'ending'; readonly timeout: number; readonly grace: number }
  | { readonly kind: 'ended'; readonly fault: Fault | undefined }

/** An error in transit between threads: a copied Error loses its code. */
export interface Fault {
  readonly error: Error
  readonly code: string | undefined
  readonly revio: boolean
}

export function faultOf(thrown: unknown): Fault {
  const error = asError(thrown)
  const { code } = error as { code?: unknown }
  const plain = Object.assign(new Error(error.message), { name: error.name, stack: error.stack })
  return {
    error: plain,
    code: typeof code === 'string' ? code : undefined,
    revio: error instanceof RevioError,
  }
}

export function errorOf({ error, code, revio }: Fault): Error {
  if (revio) return Object.assign(new RevioError(code as Code, error.message), { stack: error.stack ?? '' })
  return code === undefined ? error : Object.assign(error, { code })
}
