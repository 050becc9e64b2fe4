import type { Handlers, Info } from '../events.js'
import type { Host, Link, Receiver } from './transport.js'

/** Where an object with handlers says that its connections get a layer. Programs don't see it. */
export const layering = Symbol('revio.layering')

/** A link around a link: what the loop sees of a connection with a layer between it and the wire. */
export interface LayeredLink extends Link {
  /** Hears of the wire: the transport's link tells it what it would have told the connection. */
  readonly wire: Receiver
  /** The connection; set by the loop before any other call. */
  receiver: Receiver
}

/** The layer of a set of handlers. */
export interface Layering {
  /** Whose property this is. A copy of that object, with other handlers, keeps the layer but not `handlers`. */
  readonly owner: object
  /** The handlers above the layer: those of the program. */
  readonly handlers: Handlers<unknown>
  /**
   * Puts the layer around a link that has just been made, within a turn; undefined where the connection gets none.
   * What it throws closes the connection.
   */
  wrap(id: number, info: Info, link: Link, host: Host): LayeredLink | undefined
}
