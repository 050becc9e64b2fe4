import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import type { Binding } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { Handshakes } from '../../transport/handshakes.js'
import { TlsHandshake } from '../../transport/node/tls-handshake.js'
import type { ClientSecurity, ServerSecurity } from '../../transport/security.js'
import { StagingBuffer } from '../../transport/staging.js'
import type { Dialer, Host, Link, Receiver, Transport } from '../../transport/transport.js'
import type { End } from '../network/connection-end.js'
import type { Arrival, Listener, MemoryNetwork } from '../network/network.js'
import type { Prng } from '../network/prng.js'
import { MemorySocket } from '../network/socket.js'
import { SimulatedTlsLink } from '../tls/link.js'
import { type LinkOwner, MemoryLink, type Turn } from './link.js'

/** Overwrites freed memory, to expose programs that keep references to it. */
const POISON = 0xdb

/** Sizes of the shared blocks; a seed picks one. Small blocks fill up sooner. */
const SIZES = [64 * 1024, 4096, 512]

/** Why a simulation rejects a socket. */
export const UNATTACHABLE =
  'attach: a simulation takes back what it has detached, without a layer, an encoding, or output that waits'

/** Limit on connections accepted per turn, so that open ones are served too. */
const ACCEPTED_PER_TURN = 64

/** One of the loop's bound addresses. */
interface MemoryListener {
  readonly addressIndex: number
  readonly listener: Listener
  readonly maxConnections: number
  security: ServerSecurity | undefined
  readonly waiting: Arrival[]
  /** Accepted, and neither closed nor detached. */
  open: number
}

/** A transport without sockets: peers are in the same program, and a schedule orders events. */
export class MemoryTransport implements Transport, LinkOwner {
  readonly name = 'memory'
  readonly stage: StagingBuffer
  readonly sharesInput: boolean
  readonly chance: Prng
  readonly #network: MemoryNetwork
  readonly host: Host
  /** Limit on input bytes per turn. */
  readonly #most: number
  readonly #listeners: MemoryListener[] = []
  readonly #links = new Set<MemoryLink>()
  /** Links that may have events, least recently served first. */
  readonly #ready = new Set<MemoryLink>()
  /** Outcomes of dials not yet reported. */
  readonly #outcomes: (() => void)[] = []
  #offered: MemoryLink[] = []
  readonly #handshakes = new Set<TlsHandshake>()
  readonly #receivers = new WeakMap<End, Receiver>()
  #started = false
  #posted = false
  #closed = false

  constructor(network: MemoryNetwork, host: Host) {
    this.#network = network
    this.host = host
    this.chance = network.schedule.chance
    this.stage = new PoisonedStaging(Buffer.allocUnsafeSlow(SIZES[this.chance.below(SIZES.length)] ?? 0))
    this.#most = SIZES[this.chance.below(SIZES.length)] ?? 0
    this.sharesInput = !this.chance.once(4)
  }

  /** Connections that are neither closed nor detached. */
  get links(): number {
    return this.#links.size
  }

  /** The loop has released everything. */
  get closed(): boolean {
    return this.#closed
  }

  /** The loop's current or past link of `wire`. */
  receiver(wire: End | undefined): Receiver | undefined {
    return wire && this.#receivers.get(wire)
  }

  async bind(binding: Binding, addressIndex: number, security?: ServerSecurity): Promise<Address> {
    return this.listen(binding, addressIndex, security)
  }

  resecure(addressIndex: number, security: ServerSecurity): void {
    for (const listener of this.#listeners)
      if (listener.addressIndex === addressIndex) listener.security = security
  }

  /** The synchronous part of `bind`. */
  listen(binding: Binding, addressIndex: number, security?: ServerSecurity): Address {
    const waiting: Arrival[] = []
    const listener = this.#network.listen(binding, arrival => {
      waiting.push(arrival)
      this.#post()
    })
    const { maxConnections } = binding
    this.#listeners.push({ addressIndex, listener, maxConnections, security, waiting, open: 0 })
    return listener.address
  }

  dial(target: Binding, dialer: Dialer, security?: ClientSecurity): () => void {
    let wanted = true
    let handshake: TlsHandshake | undefined
    this.#network.dial(target, outcome => {
      this.#outcomes.push(() => {
        if (outcome instanceof Error) {
          if (wanted) dialer.failed(outcome)
        } else if (wanted && security !== undefined) {
          handshake = this.#shake(
            outcome,
            -1,
            security,
            link => dialer.connected(this, link),
            error => dialer.failed(error),
          )
        } else if (wanted) this.#connect(outcome, -1, link => dialer.connected(this, link))
        else outcome.wire.close(true)
      })
      this.#post()
    })
    return () => {
      wanted = false
      handshake?.giveUp()
    }
  }

  /** Takes back a detached socket. Outside of a turn. */
  attach(socket: net.Socket, dialer: Dialer): void {
    this.host.turn(() => {
      if (
        !(socket instanceof MemorySocket) ||
        socket.writableLength > 0 ||
        socket.readableEncoding !== null
      ) {
        socket.destroy()
        return dialer.failed(new RevioError('ERR_UNSUPPORTED', UNATTACHABLE))
      }
      this.#connect(socket.surrender(), -1, link => dialer.connected(this, link))
    })
  }

  start(): void {
    this.#started = true
    this.#post()
  }

  flush(): void {
    const offered = this.#offered
    this.#offered = []
    for (const link of offered) link.attempt()
  }

  unbind(): void {
    for (const { listener, waiting } of this.#listeners) {
      this.#network.unlisten(listener)
      for (const { wire } of waiting) wire.close(true)
    }
    for (const handshake of this.#handshakes) handshake.giveUp()
    this.#listeners.length = 0
  }

  close(): void {
    this.unbind()
    this.#ready.clear()
    this.#closed = true
  }

  ready(link: MemoryLink): void {
    this.#ready.add(link)
    this.#post()
  }

  offered(link: MemoryLink): void {
    this.#offered.push(link)
  }

  left(link: MemoryLink): void {
    this.#links.delete(link)
    this.#ready.delete(link)
    const listener = this.#listeners.find(({ addressIndex }) => addressIndex === link.addressIndex)
    if (listener === undefined) return
    listener.open -= 1
    this.#post()
  }

  #post(): void {
    if (this.#posted || !this.#started) return
    this.#posted = true
    this.#network.schedule.post(() => {
      this.#posted = false
      this.#turn()
    })
  }

  /**
   * Reads first and reports afterwards, as a poller does: a handler may close links that the rest of its turn is
   * about.
   */
  #turn(): void {
    const turn = new MemoryTurn(this.#most, this.sharesInput)
    this.#collectArrivals(turn)
    for (const link of this.#choose()) {
      this.#ready.delete(link)
      link.collect(turn)
      if (link.telling) this.#ready.add(link)
    }
    if (turn.steps.length > 0) {
      this.host.turn(() => {
        for (const step of turn.steps) step()
      })
      turn.poison()
    }
    if (this.#ready.size > 0 || this.#outcomes.length > 0 || this.#listeners.some(admits)) this.#post()
  }

  /** All ready links without a seed; with one, some of them in random order. */
  #choose(): MemoryLink[] {
    const links = [...this.#ready]
    if (!this.chance.seeded) return links
    const chosen: MemoryLink[] = []
    const count = this.chance.slice(links.length)
    while (chosen.length < count) chosen.push(...links.splice(this.chance.below(links.length), 1))
    return chosen
  }

  #collectArrivals(turn: MemoryTurn): void {
    for (const outcome of this.#outcomes.splice(0)) turn.tell(outcome)
    for (const listener of this.#listeners) {
      const count = this.chance.slice(Math.min(listener.waiting.length, ACCEPTED_PER_TURN))
      for (let left = count; left > 0; left -= 1) turn.tell(() => this.#accept(listener))
    }
  }

  #accept(listener: MemoryListener): void {
    const arrival = admits(listener) ? listener.waiting.shift() : undefined
    if (arrival === undefined) return
    listener.open += 1
    const { addressIndex, security } = listener
    if (security !== undefined) {
      const accepted = (link: Link) => this.host.accepted(this, link, addressIndex)
      const failed = (error: Error) => this.host.handshakeFailed?.(addressIndex, error, arrival.remote)
      this.#shake(arrival, addressIndex, security, accepted, failed)
    } else this.#connect(arrival, addressIndex, link => this.host.accepted(this, link, addressIndex))
  }

  #shake(
    arrival: Arrival,
    addressIndex: number,
    security: ServerSecurity | ClientSecurity,
    secured: (link: Link) => Receiver,
    failed: (error: Error) => void,
  ): TlsHandshake {
    const raw = new MemoryLink(this, arrival, addressIndex)
    const handshake = new TlsHandshake(raw, {
      security,
      makeTls: (link, options) => new SimulatedTlsLink(link, options),
      handshakes: new Handshakes(this.host.clock, security.handshakeTimeout),
      transport: this,
      peer: String(arrival.remote),
      secured: link => {
        const receiver = secured(link)
        this.#receivers.set(raw.wire, receiver)
        return receiver
      },
      failed,
      over: () => this.#handshakes.delete(handshake),
    })
    this.#handshakes.add(handshake)
    this.#links.add(raw)
    raw.receiver = handshake.wire
    handshake.start()
    raw.notice()
    return handshake
  }

  #connect(arrival: Arrival, addressIndex: number, receive: (link: MemoryLink) => Receiver): void {
    const link = new MemoryLink(this, arrival, addressIndex)
    this.#links.add(link)
    link.receiver = receive(link)
    this.#receivers.set(link.wire, link.receiver)
    link.notice()
  }
}

function admits({ waiting, open, maxConnections }: MemoryListener): boolean {
  return waiting.length > 0 && open < maxConnections
}

/** Events of one turn. */
class MemoryTurn implements Turn {
  readonly steps: (() => void)[] = []
  readonly #shared: boolean
  #room: number
  /** Input buffers, each in separate memory: transferring one doesn't affect the others. */
  readonly #lent: Buffer[] = []

  constructor(room: number, shared: boolean) {
    this.#room = room
    this.#shared = shared
  }

  get room(): number {
    return this.#room
  }

  read(wire: End, size: number): Buffer {
    this.#room -= size
    if (!this.#shared) return wire.take(size)
    const bytes = Buffer.allocUnsafeSlow(size)
    wire.read(size, bytes, 0)
    this.#lent.push(bytes)
    return bytes
  }

  tell(step: () => void): void {
    this.steps.push(step)
  }

  /** Ends the turn: its input memory is free again. */
  poison(): void {
    for (const bytes of this.#lent) if (bytes.length > 0) bytes.fill(POISON)
  }
}

class PoisonedStaging extends StagingBuffer {
  override reset(): void {
    this.bytes.fill(POISON, 0, this.top)
    super.reset()
  }
}
