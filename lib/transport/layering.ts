import type { Handlers } from '../events.js'
import type { ClientSecurity, ServerSecurity } from './security.js'
import type { Link, Receiver } from './transport.js'

/** A link around a link: what the loop sees of a connection with a layer between it and the wire. */
export interface LayeredLink extends Link {
  /** Hears of the wire: the link below tells it what it would have told the connection. */
  readonly wire: Receiver
  /** The connection, or the layer above; set before any other call. */
  receiver: Receiver
}

/** The loop, as a layer sees it: one may speak up at any time, inside of a turn or between turns. */
export interface LayerHost {
  /** A turn is running. */
  readonly inTurn: boolean
  /** Runs `run` as one turn. Not called while one is running. */
  turn(run: () => void): void
}

/** Puts a layer around the link of connection `id`, within a turn; undefined where the connection gets none. */
export type MakeLayer = (link: Link, host: LayerHost) => LayeredLink | undefined

/** How TLS goes around a link that does none itself. */
export interface TlsLayerOptions {
  readonly security: ServerSecurity | ClientSecurity
  readonly host: LayerHost
  /** With whom, for errors. */
  readonly peer: string
}

/** Puts TLS around a link, within a turn. Its receiver hears `secured`, or `failed`. */
export type MakeTls = (link: Link, options: TlsLayerOptions) => LayeredLink

/** A connection that opens. */
export interface Opening {
  readonly id: number
  /** The handlers that the loop calls for it. Handlers that wrap others may put those in their place. */
  handlers: Handlers<unknown>
  /**
   * Puts a layer under the connection, above those that it has. Answers what `make` threw; the connection then closes
   * with that, and has no other event.
   */
  layer(make: MakeLayer): Error | undefined
}

let current: Opening | undefined

/** Runs the `opened` of a connection, which may put layers under it. */
export function whileOpening<T>(opening: Opening, run: () => T): T {
  const before = current
  current = opening
  try {
    return run()
  } finally {
    current = before
  }
}

/** The connection whose `opened` is running; undefined where no loop has called it. */
export function openingOf(id: number): Opening | undefined {
  return current?.id === id ? current : undefined
}

/** The handlers that a program gave, by those that were made of them. */
const programs = new WeakMap<object, Handlers<unknown>>()

/** Notes that handlers are a program's in another form. */
export function madeOf(program: Handlers<unknown>, handlers: object): void {
  programs.set(handlers, program)
}

/** Handlers as the program wrote them, whatever has been made of them. */
export function programOf(handlers: Handlers<unknown>): Handlers<unknown> {
  const program = programs.get(handlers)
  return program === undefined ? handlers : programOf(program)
}
