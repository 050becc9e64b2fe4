import type { Buffer } from 'node:buffer'
import type { Info } from 'revio'
import type { HandlerName } from './plan.js'
import type { Story } from './story.js'
import type { World } from './world.js'

/** A handler is being called. */
export interface Event {
  readonly name: HandlerName
  readonly id: number
  /** The connection that the id stands for; undefined for `serving` and `tick`, and where there is none. */
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

/** A method of the server was called. */
export interface CallMade {
  readonly call: 'wake' | 'pause' | 'resume' | 'send'
  readonly story: Story
  readonly id: number
  readonly size: number
  readonly answer: boolean
}

/**
 * Some of what the contract says. Each hook looks at the facts at one kind of moment, before they take the moment in,
 * and answers what is wrong, if anything is.
 */
export interface Rule {
  readonly name: string
  /** A handler is called. */
  event?(world: World, event: Event): string | undefined
  /** A method of the server has answered. */
  called?(world: World, call: CallMade): string | undefined
  /** An operation has been done; nothing else is going on. */
  between?(world: World, story: Story): string | undefined
  /** An operation has been done, for the loop as a whole. */
  meanwhile?(world: World): string | undefined
  /** The simulation has come to rest: nothing happens any more unless time goes on or somebody acts. */
  rest?(world: World, story: Story): string | undefined
  /** One turn of the loop, at most, has passed: what it delivered. */
  turned?(world: World, turn: Turn): string | undefined
  /** Nobody has helped, promised replies have come, and longer than every timeout has passed. */
  waited?(world: World, story: Story): string | undefined
  /** Everything is over. */
  end?(world: World, story: Story): string | undefined
  /** Everything is over, for the loop as a whole. */
  over?(world: World): string | undefined
}
