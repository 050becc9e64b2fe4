import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { Action } from '../action.js'
import type { Binding } from '../address.js'
import type { Events, Info, Out, Sending, Server } from '../events.js'
import { type Host, type Link, noLink, type Receiver, type Transport } from '../transport/transport.js'
import { type Clock, TurnTime } from './clock.js'
import { Ending } from './closer.js'
import { Connection, type Keeper, Phase } from './connection.js'
import { type Attacher, Dials } from './dialer.js'
import { Delivery, timeoutError } from './dispatcher.js'
import type { Leave } from './drain.js'
import { datagramLimits, defaultLimits } from './limits.js'
import { Writer } from './output.js'
import { asAction, asSending, checkOut } from './reply.js'
import { Shutdown } from './shutdown.js'
import { Ticker } from './ticker.js'
import { Timeouts } from './timeouts.js'

/** What a loop needs from the program that runs it. */
export interface LoopOptions<Context> {
  readonly events: Events<Context>
  readonly clock: Clock
  /** Takes errors that no handler can be told. */
  readonly warn: (error: Error) => void
  /** What connections to an address are made with; one of those that were added. */
  readonly transportFor: (binding: Binding) => Transport
  /** What takes in sockets that others have made; one of those that were added. */
  readonly attacher: () => Attacher
}

/**
 * The one state machine: what happens to a connection, and what a handler's return does to it.
 *
 * Everything happens in turns. In a turn the transports tell what came, handlers run, and their output gathers in
 * outboxes; its end writes all of it. What is asked for in between (`send`, `wake`, `resume`, a promised reply) is
 * noted and done in a turn that follows soon, so that no handler ever runs inside another.
 *
 * Four parts do the work: `Delivery` calls the handlers that reply, `Writer` gets their output out, `Ending` closes
 * and detaches, `Shutdown` ends it all. This class takes what comes and decides which of them it is for.
 */
export class Loop<Context> implements Host, Keeper<Context> {
  readonly #events: Events<Context>
  readonly #clock: Clock
  readonly #transports: Transport[] = []
  readonly #timeouts: Timeouts
  readonly #delivery: Delivery<Context>
  readonly #writer: Writer<Context>
  readonly #ending: Ending<Context>
  readonly #shutdown: Shutdown<Context>
  readonly #dials: Dials<Context>
  readonly #ticker: Ticker
  /** To be looked at again in a turn of their own. */
  #queue: Connection<Context>[] = []
  #lastId = 0
  readonly #time: TurnTime
  #inTurn = false
  #scheduled = false

  constructor({ events, clock, warn, transportFor, attacher }: LoopOptions<Context>) {
    this.#events = events
    this.#clock = clock
    this.#time = new TurnTime(clock)
    const timeouts = new Timeouts(clock)
    const turn = (run: () => void) => this.turn(run)
    const shutdown = () => this.shutdown()
    const left = () => this.#shutdown.left()
    const ending = new Ending<Context>({ events, clock, timeouts, warn, shutdown, left })
    const writer = new Writer({ events, time: this.#time, ending, timeouts, transports: this.#transports })
    this.#timeouts = timeouts
    this.#ending = ending
    this.#writer = writer
    this.#delivery = new Delivery({ events, time: this.#time, ending, timeouts, writer })
    this.#dials = new Dials({
      clock,
      timeouts,
      transportFor,
      attacher,
      turn,
      opened: (id, transport, link, info) => this.#enter(id, transport, link, info),
      failed: (id, transport, info, error) => this.#missed(id, transport, info, error),
    })
    this.#ticker = new Ticker({ events, clock, turn, shutdown, failed: thrown => this.#failed(thrown) })
    this.#shutdown = new Shutdown({
      clock,
      ending,
      delivery: this.#delivery,
      turn,
      release: () => this.#release(),
      close: () => this.#close(),
    })
  }

  // What the program asks for, from handlers and outside of them. //////////////////////////////////////////////////

  /** Settles when the loop has ended and no handler runs any more. */
  get done(): Promise<void> {
    return this.#shutdown.done
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#ending.connections.size
  }

  /** Takes a transport into the loop. */
  add(transport: Transport): void {
    this.#transports.push(transport)
  }

  /** Everything is bound: `serving` and the first `tick` run, then peers may come. */
  start(server: Server): void {
    this.turn(() => {
      try {
        const action = asAction(this.#events.serving?.(server), 'serving')
        if (action === Action.Shutdown) this.shutdown()
        if (!this.#shutdown.asked) this.#ticker.run()
      } catch (thrown) {
        this.#failed(thrown)
      }
    })
    if (!this.#shutdown.asked) for (const transport of this.#transports) transport.start()
  }

  pending(id: number): number {
    return this.#ending.connections.get(id)?.outbox.size ?? 0
  }

  send(id: number, out: Out, then?: Action | Sending): boolean {
    checkOut(out, 'send')
    const { action = Action.None, token } = asSending(then)
    // What is closing already can still be reset.
    const connection = action === Action.Reset ? this.#ending.connections.get(id) : this.#open(id)
    if (connection === undefined) return false
    this.#writer.send(connection, out)
    // Where output goes no more the action is still done: a connection that has ended its side can be closed.
    const taken = connection.phase === Phase.Open && connection.takesOutput
    if (taken && token !== undefined) this.#writer.certify(connection, token)
    this.#ending.actLater(connection, action)
    this.#schedule()
    return taken
  }

  wake(id: number): boolean {
    const connection = this.#open(id)
    if (connection === undefined) return false
    connection.woken = true
    connection.revisit()
    return true
  }

  /** Connects to an address; answers the id under which `opened` follows. */
  dial(address: string, options: { timeout?: number }): number {
    const id = this.#lastId + 1
    this.#dials.dial(id, address, options)
    this.#lastId = id
    return id
  }

  /** Takes a connected socket in; answers the id under which `opened` follows. */
  attach(socket: net.Socket): number {
    const id = this.#lastId + 1
    this.#dials.attach(id, socket)
    this.#lastId = id
    return id
  }

  /** Stops reading from a connection, or goes on. */
  pause(id: number, paused: boolean): boolean {
    const connection = this.#open(id)
    if (connection === undefined) return false
    connection.paused = paused
    connection.regulate()
    return true
  }

  /** Ends the loop, after the handler that runs now. */
  shutdown({ timeout = 1000 }: { timeout?: number } = {}): void {
    this.#shutdown.ask(timeout)
    this.#ticker.stop()
    this.#schedule()
  }

  /** A layer above the loop may have to do something before its connections are closed. */
  beforeEnd(leave: Leave): void {
    this.#shutdown.beforeEnd(leave)
  }

  #open(id: number): Connection<Context> | undefined {
    const connection = this.#ending.connections.get(id)
    return connection?.phase === Phase.Open ? connection : undefined
  }

  // Turns. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  turn(run: () => void): void {
    this.#inTurn = true
    this.#time.pass()
    try {
      run()
    } finally {
      this.#endTurn()
    }
  }

  #endTurn(): void {
    try {
      this.#writer.flush()
      this.#shutdown.begin()
    } finally {
      this.#inTurn = false
      if (this.#queue.length > 0 || this.#writer.pending) this.#schedule()
    }
  }

  revisit(connection: Connection<Context>): void {
    this.#queue.push(connection)
    this.#schedule()
  }

  /** Makes a turn follow soon. Inside a turn there is nothing to do: its end sees what is left. */
  #schedule(): void {
    if (this.#inTurn || this.#scheduled) return
    this.#scheduled = true
    this.#clock.soon(() => {
      this.#scheduled = false
      this.turn(() => {
        const queue = this.#queue
        this.#queue = []
        for (const connection of queue) this.#lookAgain(connection)
      })
    })
  }

  /** What waited for a turn of its own: an end, a wake, input that was held back, the peer's end behind it. */
  #lookAgain(connection: Connection<Context>): void {
    connection.queued = false
    if (connection.receipts !== undefined) this.#ending.acknowledge(connection, connection.receipts)
    this.#ending.advance(connection)
    if (connection.phase !== Phase.Open) return
    if (this.#shutdown.asked) return this.#shutdown.close(connection)
    if (connection.busy) return
    if (connection.woken) {
      connection.woken = false
      this.#delivery.data(connection, null, undefined)
    } else if (connection.held !== undefined && connection.receptive) {
      const bytes = connection.held.shift()
      if (connection.held.length === 0) connection.held = undefined
      if (bytes !== undefined) this.#delivery.data(connection, bytes, undefined)
    }
    if (connection.phase !== Phase.Open || this.#shutdown.asked) return
    connection.regulate()
    this.#delivery.end(connection)
  }

  // What the transports tell. ///////////////////////////////////////////////////////////////////////////////////////

  accepted(transport: Transport, link: Link, addressIndex: number): Receiver {
    return this.#enter(++this.#lastId, transport, link, () => {
      const { local, remote } = link.addresses()
      return { addressIndex, localAddress: local, remoteAddress: remote, closing: false }
    })
  }

  #enter(id: number, transport: Transport, link: Link, info: () => Info): Connection<Context> {
    const limits = transport.datagrams ? datagramLimits : defaultLimits
    const connection = new Connection<Context>(this, id, transport, link, limits, this.#time.now)
    if (this.#shutdown.asked) {
      connection.phase = Phase.Gone
      link.close({ reset: false })
      return connection
    }
    this.#ending.connections.set(id, connection)
    if (transport.datagrams) this.#timeouts.watch(connection)
    this.#delivery.opened(connection, info)
    return connection
  }

  /** A connection that could not be made: opened and closed in one. */
  #missed(id: number, transport: Transport, info: Info, error: Error): void {
    const connection = new Connection<Context>(this, id, transport, noLink, defaultLimits, this.#time.now)
    connection.phase = Phase.Closing
    this.#ending.connections.set(id, connection)
    this.#delivery.opened(connection, () => info)
    this.#ending.destroy(connection, connection.error ?? error)
  }

  input(connection: Connection<Context>, bytes: Buffer): void {
    if (connection.limits.idleTimeout > 0) connection.touched = this.#time.now
    const shared = connection.transport.sharesInput
    const open = connection.phase === Phase.Open
    // Not only once Detach was asked for: a handler that still runs when the loop is to end may ask for it.
    const forOwner = open ? this.#shutdown.asked : connection.next === Action.Detach
    if (!open && !forOwner) return
    if (forOwner || !connection.receptive || connection.held !== undefined)
      connection.hold(shared ? Buffer.from(bytes) : bytes)
    else if (shared && !connection.limits.reuseInputBuffer) {
      this.#delivery.data(connection, Buffer.from(bytes), undefined)
    } else this.#delivery.data(connection, bytes, connection.limits.reuseInputBuffer ? bytes : undefined)
  }

  ended(connection: Connection<Context>): void {
    connection.peerEnded = true
    if (connection.phase === Phase.Lingering) this.#ending.lingered(connection)
    else if (!this.#shutdown.asked) this.#delivery.end(connection)
  }

  failed(connection: Connection<Context>, error: Error): void {
    connection.peerEnded = true
    if (connection.phase === Phase.Lingering) return this.#ending.lingered(connection)
    this.#ending.broke(connection, error)
    this.#delivery.end(connection)
  }

  writable(connection: Connection<Context>): void {
    if (connection.broken) return
    connection.blocked = false
    this.#writer.mark(connection)
  }

  expired(connection: Connection<Context>, now: number): void {
    this.turn(() => {
      if (connection.phase === Phase.Lingering) this.#ending.lingered(connection)
      else this.#ending.destroy(connection, connection.error ?? timeoutError(connection, now))
    })
  }

  // The end of the loop. ////////////////////////////////////////////////////////////////////////////////////////////

  #failed(thrown: unknown): void {
    this.#shutdown.fail(thrown)
    this.#schedule()
  }

  #release(): void {
    this.#ticker.stop()
    this.#dials.abandon()
    for (const transport of this.#transports) transport.unbind()
  }

  #close(): void {
    this.#dials.close()
    this.#timeouts.close()
    for (const transport of this.#transports) transport.close()
    this.#transports.length = 0
  }
}
