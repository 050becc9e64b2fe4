import type { MessagePort } from 'node:worker_threads'
import { asError, type Code, RevioError } from '../errors.js'
import type { TlsServerOptions } from '../tls.js'
import type { PlainAddress, PlainEndpoint } from './options.js'

/** What a worker is made with. */
export interface Start {
  readonly index: number
  readonly module: string
  readonly endpoints: readonly PlainEndpoint[]
  /** Which of them this thread binds for itself, by index; what is accepted at the others comes from the group. */
  readonly own: readonly boolean[]
  /** The group that it joins; undefined where there is none. */
  readonly group: number | undefined
  /** Where all loops count. */
  readonly counts: SharedArrayBuffer
  readonly workerData: unknown
}

/** To a loop. */
export type Order =
  /** Another loop can be reached by this port from now on. */
  | { readonly kind: 'meet'; readonly index: number; readonly port: MessagePort }
  /** Bind your own addresses; where one is known already, at that port. */
  | { readonly kind: 'bind'; readonly known: readonly (PlainAddress | undefined)[] }
  /** All is bound: begin. */
  | { readonly kind: 'run'; readonly addresses: readonly PlainAddress[] }
  | { readonly kind: 'message'; readonly message: unknown }
  /** Load other handlers, and wait. */
  | { readonly kind: 'load'; readonly module: string; readonly version: number }
  /** Take what was loaded, or forget it. */
  | { readonly kind: 'swap'; readonly taken: boolean }
  | { readonly kind: 'secure'; readonly addressIndex: number; readonly tls: TlsServerOptions | undefined }
  | { readonly kind: 'stop'; readonly timeout: number; readonly grace: number }

/** From a loop. */
export type Report =
  | { readonly kind: 'bound'; readonly addresses: readonly (PlainAddress | undefined)[] }
  | { readonly kind: 'running' }
  /** An order has been carried out, or why not. */
  | { readonly kind: 'loaded' | 'swapped'; readonly fault: Fault | undefined }
  /** It cannot begin. */
  | { readonly kind: 'unfit'; readonly fault: Fault }
  /** Its end has begun, or does so when no connection is left or `grace` has passed. */
  | { readonly kind: 'ending'; readonly timeout: number; readonly grace: number }
  | { readonly kind: 'ended'; readonly fault: Fault | undefined }

/** An error on its way between threads: a copy of an Error loses its code. */
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
