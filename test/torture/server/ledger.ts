import type { ServerCounts, ServerRow } from '../messages.js'
import { THROWN } from './mischief.js'
import type { Session } from './session.js'

export interface LedgerOptions {
  /** Takes the row of a closed connection. */
  readonly gone: (row: ServerRow) => unknown
  readonly violated: (text: string) => void
  readonly counts: ServerCounts
}

/** The books of one loop: every id is opened once, then closed or detached once, and has events only in between. */
export class Ledger {
  readonly #open = new Map<number, Session>()
  readonly #options: LedgerOptions
  #lastId = 0
  /** Detached, and still owned by this program. */
  #owned = 0

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** No connection of this loop is open. */
  get empty(): boolean {
    return this.#open.size === 0 && this.#owned === 0
  }

  get open(): number {
    return this.#open.size
  }

  opened(session: Session): void {
    const { id } = session
    if (id <= this.#lastId) session.violated(`opened after ${this.#lastId}: ids count up`)
    this.#lastId = Math.max(id, this.#lastId)
    this.#open.set(id, session)
    this.#options.counts.opened++
  }

  /** The session of an event. Undefined, and a violation, if there is none. */
  expect(event: string, id: number, context: Session | undefined): Session | undefined {
    const session = this.#open.get(id)
    if (session === undefined) {
      const when = id <= this.#lastId ? 'after its end' : 'before it was opened'
      this.#options.violated(`server, connection ${id}: ${event} ${when}`)
    } else if (context !== session && session.door !== 'shut') {
      session.violated(`${event} came with another connection's context, that of ${context?.id}`)
    }
    return session
  }

  closed(id: number, error: Error | undefined, context: Session | undefined): Session | undefined {
    const session = this.expect('closed', id, context)
    if (session === undefined) return undefined
    this.#open.delete(id)
    session.checkTold()
    const { counts } = this.#options
    counts.closed++
    const code = codeOf(error)
    if (code !== '') counts.codes[code] = (counts.codes[code] ?? 0) + 1
    if (error === undefined) this.#checkWritten(session)
    this.#gone(session, code)
    return session
  }

  detached(id: number, context: Session | undefined): Session | undefined {
    const session = this.expect('detached', id, context)
    if (session === undefined) return undefined
    this.#open.delete(id)
    this.#owned++
    session.checkTold()
    this.#options.counts.detached++
    this.#checkWritten(session)
    return session
  }

  /** A detached socket has closed. */
  left(session: Session, error: Error | undefined): void {
    this.#owned--
    this.#gone(session, codeOf(error))
  }

  #checkWritten(session: Session): void {
    const { watched, wrote, gave, door } = session
    if (watched && door !== 'shut' && wrote !== gave)
      session.violated(`gone in order with ${wrote} bytes written, of ${gave} that it was given`)
  }

  #gone(session: Session, code: string): void {
    const { counts, gone } = this.#options
    counts.bytes += session.got
    if (session.header === undefined) {
      counts.nameless++
      if (code === 'ETIMEDOUT') counts.latecomers++
    } else gone([session.key, session.header.mode, session.got, session.gave, code])
  }
}

function codeOf(error: Error | undefined): string {
  if (error === undefined) return ''
  const { code } = error as NodeJS.ErrnoException
  return code ?? (error.message.includes(THROWN) ? 'THROWN' : error.message)
}
