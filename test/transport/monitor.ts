import type { Events } from '../../lib/index.js'

type Handler = (...args: unknown[]) => unknown

const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  'opened',
  'data',
  'ended',
  'closed',
  'detached',
  'prewrite',
  'postwrite',
  'sent',
])

/** Checks that the handlers of one loop are called in a permitted order. */
export class Monitor {
  readonly violations: string[] = []
  #inside: string | undefined
  #served = false
  #over = false
  readonly #opened = new Set<number>()
  readonly #gone = new Set<number>()
  /** The write in progress, by id. */
  readonly #writing = new Map<number, number>()

  /** The same handlers, checked; absent ones stay absent. */
  watch<Context>(events: Events<Context>): Events<Context> {
    const watched: Record<string, unknown> = {}
    for (const [name, handler] of Object.entries(events)) {
      if (typeof handler === 'function') {
        watched[name] = (...args: unknown[]) => this.#call(name, events, handler as Handler, args)
      } else watched[name] = handler
    }
    return watched as Events<Context>
  }

  /** The loop has ended: no handler may run any more. */
  over(): void {
    this.#over = true
  }

  #call<Context>(name: string, events: Events<Context>, handler: Handler, args: unknown[]): unknown {
    if (this.#over) this.#wrong(`${name} ran after the loop had ended`)
    if (this.#inside !== undefined) this.#wrong(`${name} ran inside ${this.#inside}`)
    if (OF_A_CONNECTION.has(name)) this.#connection(name, events, args)
    else if (name === 'serving' && this.#served) this.#wrong('serving ran twice')
    if (name === 'serving') this.#served = true
    this.#inside = name
    try {
      return handler.apply(events, args)
    } finally {
      this.#inside = undefined
    }
  }

  #connection<Context>(name: string, events: Events<Context>, args: unknown[]): void {
    const [id, amount, remaining] = args as [number, number, number]
    if (this.#gone.has(id)) this.#wrong(`${name} of ${id} ran after that was gone`)
    if (name === 'opened') {
      if (this.#opened.has(id)) this.#wrong(`opened of ${id} ran twice`)
      this.#opened.add(id)
    } else if (events.opened !== undefined && !this.#opened.has(id)) {
      this.#wrong(`${name} of ${id} ran before opened`)
    }
    if (name === 'closed' || name === 'detached') this.#gone.add(id)
    if (events.prewrite !== undefined && events.postwrite !== undefined) {
      this.#write(name, id, amount, remaining)
    }
  }

  /** Between `prewrite` and `postwrite`, a connection has no other event, and the amounts add up. */
  #write(name: string, id: number, amount: number, remaining: number): void {
    const offered = this.#writing.get(id)
    this.#writing.delete(id)
    if (name === 'prewrite') {
      if (!(amount > 0)) this.#wrong(`prewrite of ${id} announced ${amount} bytes`)
      this.#writing.set(id, amount)
    }
    if (name === 'postwrite') {
      if (offered === undefined) this.#wrong(`postwrite of ${id} ran without a prewrite`)
      else if (amount > offered || remaining < offered - amount) {
        this.#wrong(`of ${offered} bytes of ${id}, ${amount} were taken and ${remaining} left`)
      }
    } else if (offered !== undefined && name !== 'closed' && name !== 'sent') {
      this.#wrong(`${name} of ${id} ran between prewrite and postwrite`)
    }
  }

  #wrong(what: string): void {
    this.violations.push(what)
  }
}
