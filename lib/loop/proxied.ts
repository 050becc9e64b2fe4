import { Buffer } from 'node:buffer'
import { Handshakes, type TimedHandshake } from '../transport/handshakes.js'
import type { ServerSecurity } from '../transport/security.js'
import { type Link, nobody, type Receiver } from '../transport/transport.js'
import type { Clock } from './clock.js'
import { LONGEST_HEADER, type Parsed, type Proxied, parseProxyHeader } from './proxy-header.js'

/** Milliseconds allowed for a required header; an optional one that takes longer counts as absent. */
const PATIENCE = { require: 10_000, allow: 1000 } as const

/** How an address treats headers. */
export interface ProxyRule {
  readonly wanted: 'require' | 'allow'
  /** TLS follows the header. */
  security: ServerSecurity | undefined
}

/** What reading headers needs from the loop. */
export interface HeadersOptions {
  readonly clock: Clock
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
}

/** A connection while its header is read. */
export interface Arrival {
  readonly link: Link
  /** Opens the connection, with the addresses from the header, if any. */
  readonly enter: (ends: Proxied | undefined) => Receiver
  /** Rejects the connection. */
  readonly refused: () => void
  /** TLS after the header failed. */
  readonly insecure: (error: Error) => void
}

/** Connections whose PROXY protocol header has not arrived. */
export class ProxyHeaders {
  readonly #options: HeadersOptions
  readonly #pending: { readonly [wanted in ProxyRule['wanted']]: Handshakes }
  readonly #readers = new Set<HeaderReader>()

  constructor(options: HeadersOptions) {
    this.#options = options
    const timed = (timeout: number) => new Handshakes(options.clock, timeout)
    this.#pending = { require: timed(PATIENCE.require), allow: timed(PATIENCE.allow) }
  }

  /** None is waiting. */
  get empty(): boolean {
    return this.#readers.size === 0
  }

  /** Stops waiting for all. */
  close(): void {
    for (const reader of this.#readers) reader.refuse()
  }

  /** Waits for a connection's header; the result receives the link's events. */
  accept(rule: ProxyRule, arrival: Arrival): Receiver {
    const { turn } = this.#options
    const pending = this.#pending[rule.wanted]
    const reader: HeaderReader = new HeaderReader(rule, arrival, turn, () => {
      pending.delete(reader)
      this.#readers.delete(reader)
    })
    pending.add(reader)
    this.#readers.add(reader)
    return reader
  }
}

/** Receives a link's events until its header has arrived, and then forwards them. */
class HeaderReader implements Receiver, TimedHandshake {
  readonly #rule: ProxyRule
  readonly #arrival: Arrival
  readonly #turn: (run: () => void) => void
  readonly #over: () => void
  /** The result of reading the header. */
  #bytes: Buffer = Buffer.alloc(0)
  /** Receives the link's events after the header. */
  #next: Receiver | undefined
  #ends: Proxied | undefined
  #securing = false

  constructor(rule: ProxyRule, arrival: Arrival, turn: (run: () => void) => void, over: () => void) {
    this.#rule = rule
    this.#arrival = arrival
    this.#turn = turn
    this.#over = over
  }

  input(bytes: Buffer): void {
    if (this.#next !== undefined) return this.#next.input(bytes)
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    this.#decide(parseProxyHeader(this.#bytes))
  }

  ended(): void {
    if (this.#next === undefined && !this.#securing) this.#giveUp()
    this.#next?.ended()
  }

  failed(error: Error): void {
    if (this.#next !== undefined) return this.#next.failed(error)
    this.#over()
    this.#next = nobody
    if (this.#securing) this.#arrival.insecure(error)
    else this.#arrival.refused()
    this.#arrival.link.close({ reset: false })
  }

  writable(): void {
    this.#next?.writable()
  }

  secured(): void {
    if (this.#next === undefined) this.#enter(Buffer.alloc(0))
    else this.#next.secured?.()
  }

  expired(): void {
    this.#turn(() => this.#giveUp())
  }

  /** The connection is rejected. */
  refuse(): void {
    if (this.#next !== undefined) return
    this.#over()
    this.#next = nobody
    this.#arrival.link.close({ reset: false })
    this.#arrival.refused()
  }

  /** The header will not be completed. */
  #giveUp(): void {
    if (this.#next !== undefined) return
    if (this.#rule.wanted === 'allow') this.#begin(0, undefined)
    else this.refuse()
  }

  #decide(parsed: Parsed): void {
    if (parsed === 'partial' && this.#bytes.length < LONGEST_HEADER) return
    if (typeof parsed === 'object') this.#begin(parsed.length, parsed.ends)
    else if (parsed === 'absent' && this.#rule.wanted === 'allow') this.#begin(0, undefined)
    else this.refuse()
  }

  #begin(length: number, ends: Proxied | undefined): void {
    this.#over()
    this.#ends = ends
    const rest = this.#bytes.subarray(length)
    this.#bytes = Buffer.alloc(0)
    const { security } = this.#rule
    if (security === undefined) return this.#enter(rest)
    this.#securing = true
    this.#arrival.link.secure?.(security, rest.length === 0 ? [] : [rest])
  }

  #enter(rest: Buffer): void {
    this.#next = this.#arrival.enter(this.#ends)
    if (rest.length > 0) this.#next.input(rest)
  }
}
