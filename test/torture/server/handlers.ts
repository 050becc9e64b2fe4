import { closeSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Events, Info, Opening, Reply, Server, Tick } from 'revio'
import type { Fault, ServerCounts } from '../messages.js'
import { DOORS, open } from './doors.js'
import { spoil } from './fault.js'
import type { Ledger } from './ledger.js'
import { explode, THROWN } from './mischief.js'
import { ended, modes, type Tools, woken } from './modes.js'
import { own } from './owner.js'
import { Session, type Token } from './session.js'

/** Milliseconds between checks for a free descriptor. */
const LOOK = 20

export interface EchoOptions {
  readonly ledger: Ledger
  readonly counts: ServerCounts
  readonly seed: number
  readonly fault: Fault | undefined
  readonly serving: (server: Server) => void
  readonly violated: (text: string) => void
}

/** The echo server's handlers. Without `prewrite`, large output is written in place. */
export class Echo implements Events<Session> {
  protected readonly watched: boolean = false
  protected readonly ledger: Ledger
  readonly #options: EchoOptions
  #running: Tools | undefined
  #starved = false

  constructor(options: EchoOptions) {
    this.#options = options
    this.ledger = options.ledger
  }

  serving(server: Server): void {
    this.#running = { server, throws: () => this.#options.counts.throws++ }
    this.#options.serving(server)
  }

  opened(id: number, { addressIndex }: Info): Opening<Session> {
    const { seed, violated } = this.#options
    const door = DOORS[addressIndex] ?? 'tcp'
    const session = new Session({ id, door, seed, watched: this.watched, violated })
    this.ledger.opened(session)
    return open(session, this.#tools)
  }

  data(id: number, input: Buffer | null, context: Session): Reply | Promise<Reply> {
    const session = this.ledger.expect('data', id, context)
    if (session === undefined || session.door === 'shut') return
    if (session.peerEnded) session.violated('data came after ended')
    if (input === null) return woken(session)
    const named = session.header !== undefined
    const bytes = session.read(input)
    if (session.header === undefined || (bytes.length === 0 && named)) return
    const { mode } = session.header
    if (bytes.length === 0 && mode !== 'big') return
    const { fault } = this.#options
    if (fault === undefined || mode !== 'plain') return modes[mode](session, bytes, this.#tools)
    session.give(bytes)
    return [spoil(fault, session, bytes)]
  }

  failed(error: Error & { code?: string }, { handler }: { handler: string }): void {
    if (error.message.includes(THROWN) || error.code === 'ERR_REPLY') return
    this.#options.violated(`${handler} threw ${error.stack ?? error.message}`)
  }

  ended(id: number, context: Session): Reply | Promise<Reply> {
    const session = this.ledger.expect('ended', id, context)
    if (session === undefined) return
    if (session.peerEnded) session.violated('ended came twice')
    session.peerEnded = true
    return ended(session, this.#tools)
  }

  sent(id: number, token: unknown, error: Error | undefined, context: Session): void {
    this.ledger.expect('sent', id, context)?.told(token as Token, error)
  }

  closed(id: number, error: Error | undefined, context: Session): void {
    const session = this.ledger.closed(id, error, context)
    if (session !== undefined) explode(session, 'closed')
  }

  detached(id: number, socket: Socket, context: Session): void {
    const session = this.ledger.detached(id, context)
    if (session !== undefined) own(session, socket, this.ledger)
  }

  tick(): Tick {
    const starved = !hasDescriptor()
    if (starved && !this.#starved) this.#options.counts.pauses++
    this.#starved = starved
    return [LOOK]
  }

  get #tools(): Tools {
    if (this.#running === undefined) throw new Error('a handler ran before serving')
    return this.#running
  }
}

/** The same with a check of every write. */
export class WatchedEcho extends Echo {
  protected override readonly watched = true

  prewrite(id: number, amount: number, context: Session): void {
    const session = this.ledger.expect('prewrite', id, context)
    if (session === undefined) return
    session.offered = amount
    explode(session, 'prewrite')
  }

  postwrite(id: number, amount: number, remaining: number, context: Session): void {
    const session = this.ledger.expect('postwrite', id, context)
    if (session === undefined) return
    if (amount + remaining !== session.offered)
      session.violated(`postwrite told of ${amount} and ${remaining} bytes, prewrite of ${session.offered}`)
    session.wrote += amount
    explode(session, 'postwrite')
  }
}

function hasDescriptor(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return true
  } catch {
    return false
  }
}
