import type { Handlers } from '../events.js'
import type { ClientSecurity, ServerSecurity } from './security.js'
import type { Link, Receiver } from './transport.js'

/** A link around a link: the loop's view of a connection with a layer between it and the wire. */
export interface LayeredLink extends Link {
  /** Receives the events of the link below, in place of the connection. */
  readonly wire: Receiver
  /** The connection, or the layer above; set before any other call. */
  receiver: Receiver
}

/** A layer's view of the loop. Layers may produce events at any time, inside a turn or between turns. */
export interface LayerHost {
  /** A turn is running. */
  readonly inTurn: boolean
  /** Runs `run` as one turn. Must not be called while a turn is running. */
  turn(run: () => void): void
}

/** Puts a layer around a connection's link, inside a turn. Returns undefined if the connection gets no layer. */
export type MakeLayer = (link: Link, host: LayerHost) => LayeredLink | undefined

/** The parameters of TLS around a link that has no TLS itself. */
export interface TlsLayerOptions {
  readonly security: ServerSecurity | ClientSecurity
  readonly host: LayerHost
  /** The peer's name, for error messages. */
  readonly peer: string
}

/** Puts TLS around a link, inside a turn. Its receiver gets `secured` or `failed`. */
export type MakeTls = (link: Link, options: TlsLayerOptions) => LayeredLink

/** A connection whose `opened` is running. */
export interface Opening {
  readonly id: number
  /** The handlers of the connection. A wrapper of handlers may replace itself by those it wraps. */
  handlers: Handlers<unknown>
  /**
   * Adds a layer to the connection, above its other layers. Returns what `make` threw; the connection then closes with
   * that error and gets no other event.
   */
  layer(make: MakeLayer): Error | undefined
}

let current: Opening | undefined

/** Runs the `opened` handler of a connection, which may add layers. */
export function whileOpening<T>(opening: Opening, run: () => T): T {
  const before = current
  current = opening
  try {
    return run()
  } finally {
    current = before
  }
}

/** Returns the connection with this id if its `opened` is running. */
export function openingOf(id: number): Opening | undefined {
  return current?.id === id ? current : undefined
}

/** Maps the handlers that this library derived to those the program wrote. */
const programs = new WeakMap<object, Handlers<unknown>>()

/** Records that `handlers` is derived from the program's own. */
export function madeOf(program: Handlers<unknown>, handlers: object): void {
  programs.set(handlers, program)
}

/** Returns the handlers as the program wrote them, however often they were wrapped. */
export function programOf(handlers: Handlers<unknown>): Handlers<unknown> {
  const program = programs.get(handlers)
  return program === undefined ? handlers : programOf(program)
}
