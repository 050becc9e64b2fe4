import type { Handlers, Server } from '../events.js'
import type { Address } from '../info.js'
import type { Host, Link, Receiver, Transport } from '../transport/transport.js'
import { captureContext, deriveContext } from './async-context.js'
import { type Clock, TurnTime } from './clock.js'
import { Closer } from './closer.js'
import { Configurator } from './configurator.js'
import type { Connection, ConnectionOwner } from './connection.js'
import { Count, Counters } from './counters.js'
import { Deadlines } from './deadlines.js'
import { Dialer, release } from './dialer.js'
import { Dispatcher } from './dispatcher.js'
import { Drain } from './drain.js'
import { Failures } from './failures.js'
import { makeLayerHost } from './layer-host.js'
import { LoopHandlers } from './loop-handlers.js'
import type { LoopOptions } from './loop-options.js'
import { alone, Mailbox } from './mailbox.js'
import { Opener } from './opener.js'
import { Output } from './output.js'
import { ProxyHeaders } from './proxied.js'
import { Revisits } from './revisits.js'
import { Securer } from './securer.js'
import { DEFAULT_TIMEOUT, Shutdown } from './shutdown.js'
import { type Timing, timed } from './slow-handlers.js'
import { ConnectionTable } from './table.js'
import { Timeouts } from './timeouts.js'
import { LoopTransports } from './transports.js'
import { Turns } from './turns.js'

/**
 * The one state machine: it decides what happens to a connection, and carries out what handlers return.
 *
 * Everything happens in turns. In a turn the transports report events, handlers run, and their output gathers in
 * outboxes; the end of the turn writes it. Calls in between (`send`, `wake`, `resume`, a promised reply) are recorded
 * and carried out in a turn that follows soon, so that no handler ever runs inside another.
 *
 * The parts do the work: `Dispatcher` calls the handlers that reply, `Output` writes what they return, `Closer`
 * closes and hands over, `Dialer` connects, `Shutdown` ends the loop. This class creates them and runs the turns;
 * `LoopServer` is the program's view of them.
 */
export class Loop implements Host {
  readonly clock: Clock
  readonly timeouts: Timeouts
  readonly table: ConnectionTable
  readonly closer: Closer
  readonly output: Output
  readonly configurator: Configurator
  readonly dialer: Dialer
  readonly securer: Securer
  readonly shutdown: Shutdown
  readonly counters: Counters
  readonly mailbox: Mailbox
  readonly #options: LoopOptions
  /** The async context in which the loop was created; those of its handlers derive from it. */
  readonly #scope = captureContext()
  #events: Handlers<unknown>
  readonly #transports: LoopTransports
  readonly #failures: Failures
  readonly #dispatcher: Dispatcher
  readonly #owner: ConnectionOwner
  readonly #loopHandlers: LoopHandlers
  readonly #revisits: Revisits
  readonly #headers: ProxyHeaders
  readonly #opener: Opener
  readonly #drain: Drain
  readonly #turns: Turns

  constructor(options: LoopOptions) {
    const { events, clock, between = run => run(), promised } = options
    this.#options = options
    this.#events = events
    this.clock = clock
    const { counters = new Counters(undefined, 0, clock) } = options
    this.counters = counters
    const time = new TurnTime(clock)
    this.#turns = this.#makeTurns(time)
    this.timeouts = new Timeouts(clock)
    this.#transports = new LoopTransports(options.warn)
    this.#failures = new Failures({
      events: () => this.#events,
      scope: deriveContext(this.#scope),
      report: options.report,
    })
    this.table = new ConnectionTable(() => this.#left())
    this.closer = this.#makeCloser()
    const { timeouts, closer } = this
    this.output = new Output({ time, closer, timeouts, transports: this.#transports.all, counters })
    this.#loopHandlers = this.#makeLoopHandlers()
    const introduce = (handlers: Handlers<unknown>) => this.#loopHandlers.introduce(handlers)
    this.configurator = new Configurator({ clock, timeouts, introduce })
    const { output, configurator } = this
    const passed = () => time.pass()
    const dispatcher = new Dispatcher({ closer, output, configurator, counters, passed, between, promised })
    this.#dispatcher = dispatcher
    const deadlines = new Deadlines({ closer, dispatcher, timeouts, turn: run => this.turn(run) })
    const ending = () => this.shutdown.asked
    const schedule = () => this.schedule()
    const revisits = new Revisits({ closer, dispatcher, shutdown: () => this.shutdown, schedule })
    this.#revisits = revisits
    const revisit = (connection: Connection) => revisits.add(connection)
    const layerHost = makeLayerHost(this, options.between)
    this.#owner = { time, dispatcher, closer, output, deadlines, layerHost, counters, ending, revisit }
    this.dialer = this.#makeDialer()
    this.#headers = new ProxyHeaders({ clock, turn: run => this.turn(run) })
    this.#opener = this.#makeOpener()
    this.#drain = this.#makeDrain()
    this.securer = new Securer(this, options.makeTls)
    this.shutdown = this.#makeShutdown()
    this.mailbox = this.#makeMailbox()
  }

  get #timing(): Timing {
    const { clock, counters } = this
    return { clock, counters, limit: this.#events.slowHandler, warn: this.#options.warn }
  }

  /** Settles when the loop has ended and no handler runs any more. */
  get done(): Promise<void> {
    return this.shutdown.done
  }

  /** Adds a transport to the loop. */
  add(transport: Transport): void {
    this.#transports.all.push(transport)
  }

  /** All addresses are bound: runs `serving` of all handlers. */
  meet(server: Server): void {
    const others = (this.#options.eventsOf ?? []).filter(events => events !== undefined)
    this.turn(() => this.#loopHandlers.meet(this.#events, others, server))
  }

  /** Runs the first `tick` of all handlers, then accepts peers. */
  run(): void {
    this.turn(() => this.#loopHandlers.run())
    if (!this.shutdown.asked) this.#transports.start()
  }

  /**
   * Replaces the loop's first handlers between two turns; contexts stay. Rejects with what their `serving` threw:
   * then the old handlers stay.
   */
  reload(events: Handlers<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.clock.soon(() =>
        this.turn(() => {
          try {
            if (!this.shutdown.asked) this.#replace(events)
            resolve()
          } catch (thrown) {
            reject(thrown)
          }
        }),
      )
    })
  }

  #replace(next: Handlers<unknown>): void {
    const before = this.#events
    this.#loopHandlers.introduce(next)
    this.#events = next
    this.table.follow(before, next)
    this.#loopHandlers.replace(before, next)
  }

  /** The listeners have been released, or the shutdown has begun. */
  get draining(): boolean {
    return this.#drain.begun || this.shutdown.asked
  }

  /** Releases the listeners; ends the loop when no connection is left, or this many milliseconds have passed. */
  drain(timeout: number, grace: number): void {
    if (this.draining) return
    this.shutdown.expect(timeout)
    this.#options.draining?.(timeout, grace)
    this.#drain.begin(grace)
  }

  /** Shuts the loop down, after the current handler. */
  end(timeout: number): void {
    this.shutdown.ask(timeout)
    this.#drain.stop()
    this.#loopHandlers.stop()
    this.schedule()
  }

  // Turns. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  turn(run: () => void): void {
    this.#turns.run(run)
  }

  get inTurn(): boolean {
    return this.#turns.running
  }

  /** Schedules a turn soon. */
  schedule(): void {
    this.#turns.schedule()
  }

  // Connections that come. //////////////////////////////////////////////////////////////////////////////////////////

  accepted(transport: Transport, link: Link, addressIndex: number): Receiver {
    return this.#opener.accepted(transport, link, addressIndex)
  }

  handshakeFailed(addressIndex: number, error: Error, remote: Address): void {
    this.counters.add(Count.handshakesFailed, 1)
    this.#drain.left()
    this.#loopHandlers.tlsFailed(this.#handlersOf(addressIndex), error, remote)
  }

  #handlersOf(addressIndex: number): Handlers<unknown> {
    return this.#options.eventsOf?.[addressIndex] ?? this.#events
  }

  #left(): void {
    this.#drain.left()
    this.shutdown.left()
  }

  // Parts. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  #makeTurns(time: TurnTime): Turns {
    const { clock, counters } = this
    return new Turns({
      ...{ clock, time, counters },
      finish: () => {
        this.output.flush()
        this.shutdown.begin()
      },
      waiting: () => !this.#revisits.empty || this.output.pending,
      revisit: () => this.#revisits.run(),
    })
  }

  #makeCloser(): Closer {
    const { table, clock, timeouts, counters } = this
    return new Closer({
      ...{ table, clock, timeouts, counters },
      failures: this.#failures,
      shutdown: () => this.end(DEFAULT_TIMEOUT),
      ended: connection => {
        if (!this.shutdown.asked) this.#dispatcher.ended(connection)
      },
      detached: release,
    })
  }

  #makeLoopHandlers(): LoopHandlers {
    return new LoopHandlers({
      clock: this.clock,
      scope: () => timed(deriveContext(this.#scope), this.#timing),
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

  #makeDialer(): Dialer {
    const { clock, timeouts } = this
    const { transportFor, attacher } = this.#options
    return new Dialer({
      ...{ clock, timeouts, transportFor, attacher },
      turn: run => this.turn(run),
      ending: () => this.shutdown.asked,
      ended: () => this.shutdown.late,
      nextId: () => this.#opener.nextId(),
      events: () => this.#events,
      introduce: handlers => this.#loopHandlers.introduce(handlers),
      opened: (made, link, info) => this.#opener.made(made, link, info),
      failed: (made, info, error) => this.#opener.missed(made, info, error),
      left: () => this.shutdown.left(),
    })
  }

  #makeOpener(): Opener {
    const { table, counters, timeouts, closer, output } = this
    return new Opener({
      ...{ table, counters, timeouts, closer, output },
      owner: this.#owner,
      dispatcher: this.#dispatcher,
      headers: this.#headers,
      shutdown: () => this.shutdown,
      proxyRules: this.#options.proxyRules ?? [],
      handlersOf: addressIndex => this.#handlersOf(addressIndex),
      scope: () => deriveContext(this.#scope),
      watched: scope => timed(scope, this.#timing),
      insecure: (index, error, link) => this.handshakeFailed(index, error, link.addresses().remote),
    })
  }

  #makeDrain(): Drain {
    return new Drain({
      clock: this.clock,
      busy: () =>
        this.table.connections.size > 0 ||
        !this.dialer.empty ||
        !this.#headers.empty ||
        this.#transports.handshaking,
      turn: run => this.turn(run),
      release: () => this.#transports.unbind(),
      end: () => this.end(this.shutdown.timeout),
    })
  }

  #makeShutdown(): Shutdown {
    const { clock, table, closer } = this
    return new Shutdown({
      ...{ clock, table, closer },
      turn: run => this.turn(run),
      dialling: () => !this.dialer.empty,
      abandon: () => this.dialer.abandon(),
      release: () => this.#release(),
      depart: () => this.#transports.depart(),
      close: () => this.#close(),
    })
  }

  #makeMailbox(): Mailbox {
    return new Mailbox({
      siblings: this.#options.siblings ?? alone,
      deliver: (message, from) => this.turn(() => this.#loopHandlers.message(message, from)),
      soon: run => this.clock.soon(run),
      ending: () => this.shutdown.asked,
    })
  }

  // The end. ////////////////////////////////////////////////////////////////////////////////////////////////////////

  #release(): boolean {
    this.#loopHandlers.stop()
    this.#headers.close()
    this.dialer.abandon()
    const more = this.#transports.unbind()
    this.#options.released?.(this.shutdown.timeout)
    return more
  }

  #close(): void {
    this.timeouts.close()
    this.mailbox.close()
    this.#transports.close()
  }
}
