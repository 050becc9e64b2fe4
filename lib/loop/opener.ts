import type { Handlers } from '../events.js'
import type { Info } from '../info.js'
import { type Link, nobody, noLink, type Receiver, type Transport } from '../transport/transport.js'
import type { AsyncContext } from './async-context.js'
import type { Closer } from './closer.js'
import { Connection, type ConnectionOwner } from './connection.js'
import { Count, type Counters } from './counters.js'
import type { Made } from './dial.js'
import type { Dispatcher } from './dispatcher.js'
import { infoOf } from './info.js'
import { datagramLimits, defaultLimits } from './limits.js'
import type { Output } from './output.js'
import type { ProxyHeaders, ProxyRule } from './proxied.js'
import type { Proxied } from './proxy-header.js'
import type { Shutdown } from './shutdown.js'
import type { ConnectionTable } from './table.js'
import type { Timeouts } from './timeouts.js'

/** What the opener needs from its loop. */
export interface OpenerOptions {
  readonly owner: ConnectionOwner
  readonly table: ConnectionTable
  readonly counters: Counters
  readonly timeouts: Timeouts
  readonly closer: Closer
  readonly dispatcher: Dispatcher
  readonly output: Output
  readonly headers: ProxyHeaders
  readonly shutdown: () => Shutdown
  readonly proxyRules: readonly (ProxyRule | undefined)[]
  /** The handlers of connections to an address. */
  readonly handlersOf: (addressIndex: number) => Handlers<unknown>
  /** A new async context, for an accepted connection. */
  readonly scope: () => AsyncContext
  /** The same, with handlers timed if the program asks for that. */
  readonly watched: (scope: AsyncContext) => AsyncContext
  /** The TLS handshake after a PROXY header failed. */
  readonly insecure: (addressIndex: number, error: Error, link: Link) => void
}

/** Opens connections: accepted and dialled ones, and those whose dial failed. */
export class Opener {
  readonly #options: OpenerOptions
  #lastId = 0

  constructor(options: OpenerOptions) {
    this.#options = options
  }

  nextId(): number {
    return ++this.#lastId
  }

  /** A peer has connected; if a PROXY header is expected, it opens after that. */
  accepted(transport: Transport, link: Link, addressIndex: number): Receiver {
    const { proxyRules, headers, counters, insecure } = this.#options
    const rule = proxyRules[addressIndex]
    if (rule === undefined) return this.#admit(transport, link, addressIndex)
    return headers.accept(rule, {
      link,
      enter: ends => this.#admit(transport, link, addressIndex, ends),
      refused: () => counters.add(Count.refused, 1),
      insecure: error => insecure(addressIndex, error, link),
    })
  }

  /** An outgoing connection is established. */
  made(made: Made, link: Link, info: () => Info): Receiver {
    this.#options.counters.add(Count.dialled, 1)
    return this.#open(made, link, info)
  }

  /** An outgoing connection failed: opens and closes it. */
  missed(made: Made, info: Info, error: Error): void {
    const { owner, counters, table, dispatcher, closer } = this.#options
    const connection = new Connection(owner, {
      ...made,
      link: noLink,
      info: () => info,
      limits: defaultLimits,
    })
    // Whatever handlers do meanwhile, this is why it ends.
    connection.error = error
    connection.closes()
    counters.add(Count.dialled, 1)
    counters.add(Count.failed, 1)
    table.connections.set(made.id, connection)
    dispatcher.opened(connection)
    closer.destroy(connection, connection.error)
  }

  #admit(transport: Transport, link: Link, addressIndex: number, ends?: Proxied): Receiver {
    const { counters, scope, handlersOf } = this.#options
    const handlers = handlersOf(addressIndex)
    const made = { id: this.nextId(), transport, scope: scope(), handlers, context: undefined }
    counters.add(Count.accepted, 1)
    return this.#open(made, link, () => infoOf(link, addressIndex, ends))
  }

  #open(made: Made, link: Link, info: () => Info): Receiver {
    const { owner, table, counters, timeouts, dispatcher, output, watched } = this.#options
    const limits = made.transport.datagrams ? datagramLimits : defaultLimits
    const { id, transport, handlers, context } = made
    // Field by field: spreading one object into another yields a new hidden class every time.
    const scope = watched(made.scope)
    const connection = new Connection(owner, { id, transport, scope, handlers, context, link, info, limits })
    const shutdown = this.#options.shutdown()
    if (shutdown.asked && !shutdown.admits) return this.#refuse(connection)
    connection.late = shutdown.asked
    table.connections.set(made.id, connection)
    counters.secured(link.tls)
    if (made.transport.datagrams) timeouts.watch(connection)
    if (made.preface !== undefined) output.intake.send(connection, made.preface)
    dispatcher.opened(connection)
    return connection.wire
  }

  /** The loop is shutting down. */
  #refuse(connection: Connection): Receiver {
    const { counters } = this.#options
    // Accepted connections are open or gone; nothing reports this one.
    counters.add(Count.accepted, -1)
    counters.add(Count.refused, 1)
    connection.leaves()
    connection.link.close({ reset: false })
    return nobody
  }
}
