import type * as net from 'node:net'
import type { Binding } from '../address.js'
import type { Handlers, Reply } from '../events.js'
import type { MakeTls } from '../transport/layering.js'
import type { Transport } from '../transport/transport.js'
import type { Clock } from './clock.js'
import type { Counters } from './counters.js'
import type { Attacher } from './dialer.js'
import type { Failure } from './failures.js'
import type { Siblings } from './mailbox.js'
import type { ProxyRule } from './proxied.js'

/** The options of a loop. */
export interface LoopOptions {
  readonly events: Handlers<unknown>
  /** The handlers of each address with separate ones, by index. */
  readonly eventsOf?: readonly (Handlers<unknown> | undefined)[]
  /** How each address treats PROXY protocol headers, by index. */
  readonly proxyRules?: readonly (ProxyRule | undefined)[]
  readonly clock: Clock
  /** Receives errors that no handler receives. */
  readonly warn: (error: Error) => void
  /** Receives handlers' exceptions that no `failed` handles. */
  readonly report: (error: Error, where: Failure) => void
  /** The transport for dials; one of those added. */
  readonly transportFor: (binding: Binding) => Transport
  /** Adds TLS around a link without TLS of its own. */
  readonly makeTls: MakeTls
  /** The transport that attaches sockets; one of those added. */
  readonly attacher: (socket: net.Socket) => Attacher
  /** Surrounds work done between turns, when a promise settles. Absent: nothing. */
  readonly between?: (run: () => void) => void
  /** Receives every promised reply. */
  readonly promised?: (reply: PromiseLike<Reply>) => void
  /** The listeners are being released; the loop ends when no connection is left, or `grace` has passed. */
  readonly draining?: (timeout: number, grace: number) => void
  /** The shutdown has begun, with this many milliseconds for pending output; nothing new is accepted. */
  readonly released?: (timeout: number) => void
  /** Its counters. Absent: separate ones. */
  readonly counters?: Counters
  /** The sibling loops. Absent: none. */
  readonly siblings?: Siblings
}
