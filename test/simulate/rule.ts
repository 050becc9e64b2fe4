import type { Buffer } from 'node:buffer'
import type { Info } from 'revio'
import type { HandlerName } from './plan.js'
import type { Story } from './story.js'
import type { World } from './world.js'

/** A call of a handler. */
export interface Event {
  readonly name: HandlerName
  readonly id: number
  /** The connection of the id; undefined for `serving` and `tick`, and if there is none. */
  readonly story: Story | undefined
  readonly at: number
  readonly info?: Info
  readonly input?: Buffer | null
  readonly amount?: number
  readonly remaining?: number
  readonly error?: Error | undefined
  readonly token?: unknown
  readonly context?: unknown
}

/** What one turn delivered to a connection. */
export interface Turn {
  readonly story: Story
  readonly events: number
  readonly bytes: number
}

/** A call of a server method. */
export interface CallMade {
  readonly call: 'wake' | 'pause' | 'resume' | 'send'
  readonly story: Story
  readonly id: number
  readonly size: number
  readonly answer: boolean
}

/**
 * Part of the contract. Each hook inspects the facts at one kind of moment, before they include it, and returns the
 * violation, if any.
 */
export interface Rule {
  readonly name: string
  /** A handler is called. */
  event?(world: World, event: Event): string | undefined
  /** A method of the server has returned. */
  called?(world: World, call: CallMade): string | undefined
  /** An operation is done; nothing else is in progress. */
  between?(world: World, story: Story): string | undefined
  /** An operation is done, for the loop as a whole. */
  meanwhile?(world: World): string | undefined
  /** The simulation is at rest: nothing happens until time passes or someone acts. */
  rest?(world: World, story: Story): string | undefined
  /** At most one turn of the loop has passed: what it delivered. */
  turned?(world: World, turn: Turn): string | undefined
  /** Without help, promised replies have settled, and more time than every timeout has passed. */
  waited?(world: World, story: Story): string | undefined
  /** Everything is over. */
  end?(world: World, story: Story): string | undefined
  /** Everything is over, for the loop as a whole. */
  over?(world: World): string | undefined
}
