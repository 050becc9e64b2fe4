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

/** What a loop needs from the program that runs it. */
export interface LoopOptions {
  readonly events: Handlers<unknown>
  /** The handlers of each address that has its own, by index. */
  readonly eventsOf?: readonly (Handlers<unknown> | undefined)[]
  /** How each address takes headers of the PROXY protocol, by index. */
  readonly proxyRules?: readonly (ProxyRule | undefined)[]
  readonly clock: Clock
  /** Takes errors that no handler can be told. */
  readonly warn: (error: Error) => void
  /** Takes what a handler threw, where no `failed` takes it. */
  readonly report: (error: Error, where: Failure) => void
  /** What connections to an address are made with; one of those that were added. */
  readonly transportFor: (binding: Binding) => Transport
  /** Puts TLS around a link that does none itself. */
  readonly makeTls: MakeTls
  /** What takes in sockets that others have made; one of those that were added. */
  readonly attacher: (socket: net.Socket) => Attacher
  /** Surrounds what is done between turns, when a promise settles. Absent: nothing. */
  readonly between?: (run: () => void) => void
  /** Hears of every promised reply. */
  readonly promised?: (reply: PromiseLike<Reply>) => void
  /** Its listeners are being released, and it ends when no connection is left, or `grace` has passed. */
  readonly draining?: (timeout: number, grace: number) => void
  /** Its end has begun, with so many milliseconds for what is pending; nothing new comes any more. */
  readonly released?: (timeout: number) => void
  /** Where it counts. Absent: by itself. */
  readonly counters?: Counters
  /** The loops beside it. Absent: none. */
  readonly siblings?: Siblings
}
