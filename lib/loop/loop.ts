import type * as net from 'node:net'
import type { Binding } from '../address.js'
import { asError } from '../errors.js'
import type { Address, Handlers, Info, Reply, Server } from '../events.js'
import type { LayerHost } from '../transport/layering.js'
import {
  type Host,
  type Link,
  nobody,
  noLink,
  type Receiver,
  type Transport,
} from '../transport/transport.js'
import { captureContext, deriveContext } from './async-context.js'
import { type Clock, TurnTime } from './clock.js'
import { Closer } from './closer.js'
import { Configurator } from './configurator.js'
import { Connection, type ConnectionOwner } from './connection.js'
import { Deadlines } from './deadlines.js'
import { type Attacher, Dialer, type Made, release } from './dialer.js'
import { Dispatcher } from './dispatcher.js'
import { type Failure, Failures } from './failures.js'
import { infoOf } from './info.js'
import { datagramLimits, defaultLimits } from './limits.js'
import { Output } from './output.js'
import { Programs } from './programs.js'
import { DEFAULT_TIMEOUT, Shutdown } from './shutdown.js'
import { Life } from './state.js'
import { ConnectionTable } from './table.js'
import { Timeouts } from './timeouts.js'

/** What a loop needs from the program that runs it. */
export interface LoopOptions {
  readonly events: Handlers<unknown>
  /** The handlers of each address that has its own, by index. */
  readonly eventsOf?: readonly (Handlers<unknown> | undefined)[]
  readonly clock: Clock
  /** Takes errors that no handler can be told. */
  readonly warn: (error: Error) => void
  /** Takes what a handler threw, where no `failed` takes it. */
  readonly report: (error: Error, where: Failure) => void
  /** What connections to an address are made with; one of those that were added. */
  readonly transportFor: (binding: Binding) => Transport
  /** What takes in sockets that others have made; one of those that were added. */
  readonly attacher: (socket: net.Socket) => Attacher
  /** Surrounds what is done between turns, when a promise settles. Absent: nothing. */
  readonly between?: (run: () => void) => void
  /** Hears of every promised reply. */
  readonly promised?: (reply: PromiseLike<Reply>) => void
}

/**
 * The one state machine: what happens to a connection, and what a handler's return does to it.
 *
 * Everything happens in turns. In a turn the transports tell what came, handlers run, and their output gathers in
 * outboxes; its end writes all of it. What is asked for in between (`send`, `wake`, `resume`, a promised reply) is
 * noted and done in a turn that follows soon, so that no handler ever runs inside another.
 *
 * The parts do the work: `Dispatcher` calls the handlers that reply, `Output` gets what they return out, `Closer`
 * closes and hands over, `Dialer` connects, `Shutdown` ends it all. This class makes them and runs the turns;
 * `LoopServer` is what the program sees of them.
 */
export class Loop implements Host {
  readonly clock: Clock
  readonly timeouts: Timeouts
  readonly table: ConnectionTable
  readonly closer: Closer
  readonly output: Output
  readonly configurator: Configurator
  readonly dialer: Dialer
  readonly shutdown: Shutdown
  readonly #options: LoopOptions
  /** In which the loop was made; what runs in it is derived from it. */
  readonly #scope = captureContext()
  readonly #events: Handlers<unknown>
  readonly #time: TurnTime
  readonly #transports: Transport[] = []
  readonly #failures: Failures
  readonly #dispatcher: Dispatcher
  readonly #owner: ConnectionOwner
  readonly #programs: Programs
  /** To be looked at again in a turn of their own. */
  #queue: Connection[] = []
  #lastId = 0
  inTurn = false
  #scheduled = false

  constructor(options: LoopOptions) {
    const { events, clock, between = run => run(), promised } = options
    this.#options = options
    this.#events = events
    this.clock = clock
    const time = new TurnTime(clock)
    this.#time = time
    this.timeouts = new Timeouts(clock)
    this.#failures = new Failures({ events, scope: deriveContext(this.#scope), report: options.report })
    this.table = new ConnectionTable(() => this.shutdown.left())
    this.closer = this.#makeCloser()
    const { timeouts, closer } = this
    this.output = new Output({ time, closer, timeouts, transports: this.#transports })
    this.#programs = this.#makePrograms()
    const introduce = (handlers: Handlers<unknown>) => this.#programs.introduce(handlers)
    this.configurator = new Configurator({ timeouts, introduce })
    const { output, configurator } = this
    const passed = () => time.pass()
    const dispatcher = new Dispatcher({ closer, output, configurator, passed, between, promised })
    this.#dispatcher = dispatcher
    const deadlines = new Deadlines({ closer, dispatcher, timeouts, turn: run => this.turn(run) })
    const ending = () => this.shutdown.asked
    const revisit = (connection: Connection) => this.#revisit(connection)
    const layerHost = this.#makeLayerHost()
    this.#owner = { time, dispatcher, closer, output, deadlines, layerHost, ending, revisit }
    this.dialer = this.#makeDialer()
    this.shutdown = this.#makeShutdown()
  }

  /** Settles when the loop has ended and no handler runs any more. */
  get done(): Promise<void> {
    return this.shutdown.done
  }

  /** Takes a transport into the loop. */
  add(transport: Transport): void {
    this.#transports.push(transport)
  }

  /** Everything is bound: `serving` of all handlers runs. */
  meet(server: Server): void {
    const others = (this.#options.eventsOf ?? []).filter(events => events !== undefined)
    this.turn(() => this.#programs.meet(this.#events, others, server))
  }

  /** The first `tick` of all handlers runs, then peers may come. */
  run(): void {
    this.turn(() => this.#programs.run())
    if (!this.shutdown.asked) for (const transport of this.#transports) transport.start()
  }

  /** Ends the loop, after the handler that runs now. */
  end(timeout: number): void {
    this.shutdown.ask(timeout)
    this.#programs.stop()
    this.schedule()
  }

  // Turns. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  turn(run: () => void): void {
    this.inTurn = true
    this.#time.pass()
    try {
      run()
    } finally {
      this.#endTurn()
    }
  }

  #endTurn(): void {
    try {
      this.output.flush()
      this.shutdown.begin()
    } finally {
      this.inTurn = false
      if (this.#queue.length > 0 || this.output.pending) this.schedule()
    }
  }

  /** Makes a turn follow soon. Inside a turn there is nothing to do: its end sees what is left. */
  schedule(): void {
    if (this.inTurn || this.#scheduled) return
    this.#scheduled = true
    this.clock.soon(() => {
      this.#scheduled = false
      this.turn(() => {
        const queue = this.#queue
        this.#queue = []
        for (const connection of queue) this.#lookAgain(connection)
      })
    })
  }

  #revisit(connection: Connection): void {
    this.#queue.push(connection)
    this.schedule()
  }

  /** What waited for a turn of its own: an end, a wake, input that was held back, the peer's end behind it. */
  #lookAgain(connection: Connection): void {
    connection.queued = false
    if (connection.tokens !== undefined) this.closer.acknowledge(connection, connection.tokens)
    if (!this.shutdown.asked) this.#deliver(connection)
    else this.shutdown.close(connection)
    this.closer.advance(connection)
    if (!connection.alive) return
    connection.regulate()
    if (connection.woken && connection.life === Life.Open && connection.promises === 0) connection.revisit()
  }

  /** One wake and one piece of input: neither keeps the other waiting for ever. */
  #deliver(connection: Connection): void {
    if (connection.life !== Life.Open || connection.promises > 0) return
    if (connection.woken && !connection.wakeWaits) {
      connection.woken = false
      this.#dispatcher.data(connection, null, undefined)
      connection.inputFirst = connection.promises > 0
    } else connection.inputFirst = false
    if (connection.held === undefined || !connection.receptive || this.shutdown.asked) return
    const bytes = connection.held.shift()
    if (connection.held.length === 0) connection.held = undefined
    if (bytes !== undefined) this.#dispatcher.data(connection, bytes, undefined)
  }

  // Connections that come. //////////////////////////////////////////////////////////////////////////////////////////

  accepted(transport: Transport, link: Link, addressIndex: number): Receiver {
    const handlers = this.#handlersOf(addressIndex)
    const scope = deriveContext(this.#scope)
    const made = { id: ++this.#lastId, transport, scope, handlers, context: undefined }
    return this.#enter(made, link, () => infoOf(link, addressIndex))
  }

  handshakeFailed(addressIndex: number, error: Error, remote: Address): void {
    this.#programs.tlsFailed(this.#handlersOf(addressIndex), error, remote)
  }

  #handlersOf(addressIndex: number): Handlers<unknown> {
    return this.#options.eventsOf?.[addressIndex] ?? this.#events
  }

  #enter(made: Made, link: Link, info: () => Info): Receiver {
    const limits = made.transport.datagrams ? datagramLimits : defaultLimits
    const connection = new Connection(this.#owner, { ...made, link, info, limits })
    if (this.shutdown.asked) {
      connection.leaves()
      link.close({ reset: false })
      return nobody
    }
    this.table.connections.set(made.id, connection)
    if (made.transport.datagrams) this.timeouts.watch(connection)
    this.#dispatcher.opened(connection)
    return connection.wire
  }

  /** A connection that could not be made: opened and closed in one. */
  #missed(made: Made, info: Info, error: Error): void {
    const connection = new Connection(this.#owner, {
      ...made,
      link: noLink,
      info: () => info,
      limits: defaultLimits,
    })
    connection.closes()
    this.table.connections.set(made.id, connection)
    this.#dispatcher.opened(connection)
    this.closer.destroy(connection, connection.error ?? error)
  }

  // Parts. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  #makeCloser(): Closer {
    return new Closer({
      table: this.table,
      clock: this.clock,
      timeouts: this.timeouts,
      failures: this.#failures,
      shutdown: () => this.end(DEFAULT_TIMEOUT),
      ended: connection => {
        if (!this.shutdown.asked) this.#dispatcher.ended(connection)
      },
      detached: release,
    })
  }

  #makePrograms(): Programs {
    return new Programs({
      clock: this.clock,
      scope: this.#scope,
      turn: run => this.turn(run),
      shutdown: () => this.end(DEFAULT_TIMEOUT),
      ending: () => this.shutdown.asked,
      failures: this.#failures,
      failed: thrown => {
        this.shutdown.fail(thrown)
        this.schedule()
      },
    })
  }

  #makeLayerHost(): LayerHost {
    const { between = run => run() } = this.#options
    const loop = this
    return {
      get inTurn() {
        return loop.inTurn
      },
      turn: run => between(() => this.turn(run)),
    }
  }

  #makeDialer(): Dialer {
    return new Dialer({
      clock: this.clock,
      timeouts: this.timeouts,
      transportFor: this.#options.transportFor,
      attacher: this.#options.attacher,
      turn: run => this.turn(run),
      ending: () => this.shutdown.asked,
      ended: () => this.shutdown.late,
      nextId: () => ++this.#lastId,
      events: this.#events,
      introduce: handlers => this.#programs.introduce(handlers),
      opened: (made, link, info) => this.#enter(made, link, info),
      failed: (made, info, error) => this.#missed(made, info, error),
      left: () => this.shutdown.left(),
    })
  }

  #makeShutdown(): Shutdown {
    return new Shutdown({
      clock: this.clock,
      table: this.table,
      closer: this.closer,
      turn: run => this.turn(run),
      dialling: () => !this.dialer.empty,
      abandon: () => this.dialer.abandon(),
      release: () => this.#release(),
      close: () => this.#close(),
    })
  }

  // The end. ////////////////////////////////////////////////////////////////////////////////////////////////////////

  #release(): void {
    this.#programs.stop()
    this.dialer.abandon()
    for (const transport of this.#transports) this.#attempt(() => transport.unbind())
  }

  #close(): void {
    this.timeouts.close()
    for (const transport of this.#transports) this.#attempt(() => transport.close())
    this.#transports.length = 0
  }

  /** What fails while the loop ends does not keep it from ending. */
  #attempt(step: () => void): void {
    try {
      step()
    } catch (thrown) {
      this.#options.warn(asError(thrown, 'the end of the loop'))
    }
  }
}
