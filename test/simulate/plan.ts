import type { Action, Options } from 'revio'

/** A run as data: what the peers and the program do. The same plan produces the same run, and parts can be removed. */
export interface Plan {
  readonly seed: number
  readonly simulation: {
    readonly seed: number | undefined
    readonly sendBuffer: number
    readonly receiveBuffer: number
    readonly latency: number
    /** How many peers the second of the two addresses admits at a time. */
    readonly maxConnections: number | undefined
  }
  /** Which handlers the program has. */
  readonly handlers: { readonly [name in HandlerName]: boolean }
  readonly serving: Reaction
  readonly ticks: readonly TickReaction[]
  /** How the program treats each connection, by the peer's number. */
  readonly scripts: readonly Script[]
  readonly operations: readonly Operation[]
  readonly ending: Ending
}

/**
 * What precedes the end of the loop. `calm`: everyone is helped to continue, and everything must come to rest;
 * `patient`: promised replies settle and time passes, but without help; `sudden`: the loop ends at once.
 */
export type Ending = 'calm' | 'patient' | 'sudden'

/** A layer under a connection: combines every byte with `mask`, until its fault occurs. */
export interface LayerPlan {
  /** `functions` and `streams` are pairs of them, `decoder` one of each; `duplex` is a stream around the wire. */
  readonly kind: 'functions' | 'streams' | 'decoder' | 'duplex'
  readonly mask: number
  readonly fault?: {
    /** `layer`: `wrap` returns something that is not a layer. */
    readonly at: 'should' | 'wrap' | 'layer' | 'decode' | 'encode' | 'decodeEnd' | 'encodeEnd'
    /** From which call on. */
    readonly call: number
    /** What is not a stream throws or stalls. */
    readonly how: 'throws' | 'stalls' | 'fails' | 'destroys'
  }
}

export type HandlerName =
  | 'serving'
  | 'opened'
  | 'data'
  | 'ended'
  | 'closed'
  | 'detached'
  | 'prewrite'
  | 'postwrite'
  | 'sent'
  | 'tick'

/** Output that a handler returns. */
export type OutPlan =
  | { readonly kind: 'echo' }
  | { readonly kind: 'bytes' | 'text'; readonly size: number }
  | { readonly kind: 'list'; readonly sizes: readonly number[] }

/** What a handler does when called. */
export interface Reaction {
  readonly calls?: readonly Call[]
  readonly out?: OutPlan
  readonly action?: Action
  readonly fault?: boolean
  /** Its output has a token. */
  readonly token?: boolean
  /** Its reply is a promise, which a `settle` operation resolves, or with `fault` rejects. */
  readonly promised?: boolean
}

export interface TickReaction {
  readonly delay?: number
  readonly action?: Action
  readonly fault?: boolean
}

/** What a handler does before it returns. `peer` is the number of the affected peer. */
export type Call =
  | { readonly call: 'wake' | 'pause' | 'resume'; readonly peer: number }
  | {
      readonly call: 'send'
      readonly peer: number
      readonly out: OutPlan
      readonly action?: Action
      readonly token?: boolean
    }
  | { readonly call: 'dial'; readonly peer: number; readonly reachable: boolean; readonly timeout: number }
  /** Its detached socket; the same one again; something that is not a socket. */
  | { readonly call: 'attach'; readonly peer: number; readonly what: 'socket' | 'twice' | 'garbage' }
  | { readonly call: 'shutdown'; readonly timeout: number }
  | { readonly call: 'stall'; readonly ms: number }

/** The program's part of one connection: the n-th call of a handler gets the n-th reaction. */
export interface Script {
  readonly options: Omit<Options, 'context'> | undefined
  /** The layer between the wire and its handlers. */
  readonly layer?: LayerPlan
  /** Handlers that wake their connection whenever they run. */
  readonly wakes?: readonly HandlerName[]
  /** `data` pauses the connection while output is unsent, and `postwrite` resumes it, as in a proxy. */
  readonly congested?: boolean
  readonly opened: Reaction
  readonly data: readonly Reaction[]
  readonly ended: Reaction
  readonly prewrite: readonly Reaction[]
  readonly postwrite: readonly Reaction[]
  readonly sent: readonly Reaction[]
  readonly closed: Reaction
  readonly detached: Reaction
  /** Its treatment after it has been detached and attached again. */
  readonly after?: Script
}

/** One action from outside, and how many steps of the simulation follow; -1: until it comes to rest. */
export type Operation = { readonly steps: number } & (
  | {
      readonly do: 'connect'
      readonly peer: number
      readonly address: number
      readonly paused: boolean
      readonly allowHalfOpen: boolean
    }
  | { readonly do: 'send'; readonly peer: number; readonly size: number }
  | { readonly do: 'end' | 'close' | 'reset' | 'stop'; readonly peer: number }
  | { readonly do: 'go'; readonly peer: number; readonly bytes: number | undefined }
  | { readonly do: 'settle'; readonly peer: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'call'; readonly call: Call }
)
