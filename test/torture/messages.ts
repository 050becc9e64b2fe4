import type { Place } from './wire.js'

/**
 * How a connection ended, as its client saw it.
 *
 * - `ended`: the server's orderly end arrived.
 * - `left`: the client broke it.
 * - `reset`: it broke without the client's doing.
 * - `refused`: it was never established.
 */
export type Fate = 'ended' | 'left' | 'reset' | 'refused'

/** One connection as its client saw it; an array, because there are many. */
export type ClientRow = readonly [
  key: number,
  behaviour: string,
  sent: number,
  received: number,
  fate: Fate,
  whole: boolean,
  code: string,
  /** Milliseconds by which its process was late in the meantime. */
  late: number,
  /** Bytes that it requested, after which the server closes. */
  asked?: number,
]

/** One connection as the server saw it. `code` is that of `closed`'s error, empty if there was none. */
export type ServerRow = readonly [key: number, mode: string, got: number, gave: number, code: string]

export interface ServerCounts {
  opened: number
  closed: number
  detached: number
  /** Ended without having identified themselves. */
  nameless: number
  /** Of those, the ones that timed out: too late for an address with a short timeout. */
  latecomers: number
  bytes: number
  throws: number
  /** Times at which no descriptor was left, and accepting had to wait. */
  pauses: number
  /** The codes of errors in `closed`, and how often each occurred. */
  codes: Record<string, number>
}

export interface Memory {
  readonly rss: number
  readonly heap: number
  readonly buffers: number
}

/** The server's state while no one is connected. */
export interface Quiet {
  readonly kind: 'quiet'
  readonly descriptors: number
  readonly memory: Memory
  readonly counts: ServerCounts
}

export type FromServer =
  | { readonly kind: 'ready'; readonly places: readonly Place[]; readonly missing: string | undefined }
  | { readonly kind: 'rows'; readonly rows: readonly ServerRow[] }
  | { readonly kind: 'counts'; readonly counts: ServerCounts }
  | { readonly kind: 'violation'; readonly text: string }
  | Quiet
  | { readonly kind: 'over' }

/**
 * - `settle`: replies `quiet` as soon as nothing is open, or after a time with what is left.
 * - `shutdown`: ends all loops, and replies `over` when they have ended.
 * - `leave`: disconnects; nothing then keeps the process alive.
 */
export type ToServer = { readonly kind: 'settle' | 'shutdown' | 'leave' }

/**
 * How long clients waited, in microseconds: well-behaved ones for replies, those of a storm for a place that became
 * free.
 */
export interface Waits {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly longest: number
  /** The same without the time in which the machine kept client or server from running. */
  readonly longestBare: number
}

export type FromClient =
  | { readonly kind: 'started' }
  | { readonly kind: 'rows'; readonly rows: readonly ClientRow[]; readonly bytes: number }
  | { readonly kind: 'waits'; readonly role: Role; readonly waits: Waits }
  | { readonly kind: 'violation'; readonly text: string }
  | { readonly kind: 'over'; readonly connections: number }

/** No new conversation is started; `over` follows when the current ones have ended. */
export type ToClient = { readonly kind: 'stop' }

export interface ServerTask {
  readonly transport: 'native' | 'net'
  readonly seed: number
  readonly folder: string
  /** A promise to break on purpose, to show that this is detected. */
  readonly fault: Fault | undefined
}

export const FAULTS = ['lose', 'repeat', 'mix', 'leak', 'stall'] as const
export type Fault = (typeof FAULTS)[number]

export type Role = 'steady' | 'rough' | 'storm' | 'short'

export interface ClientTask {
  readonly role: Role
  /** This process's part in the keys of its connections. */
  readonly client: number
  readonly seed: number
  readonly places: readonly Place[]
  /** Kept open simultaneously. */
  readonly connections: number
  /** In total; 0: until it is stopped. */
  readonly total: number
  /** The server's process. */
  readonly pid: number
}
