import type { Session } from './session.js'

/** The subscribers of each topic. */
export class Topics<Context> {
  readonly #subscribers = new Map<string, Set<Session<Context>>>()

  /** Returns false if the connection is already subscribed. */
  add(session: Session<Context>, topic: string): boolean {
    session.topics ??= new Set()
    if (session.topics.has(topic)) return false
    session.topics.add(topic)
    const subscribers = this.#subscribers.get(topic)
    if (subscribers === undefined) this.#subscribers.set(topic, new Set([session]))
    else subscribers.add(session)
    return true
  }

  /** Returns false if the connection was not subscribed. */
  delete(session: Session<Context>, topic: string): boolean {
    if (!session.topics?.delete(topic)) return false
    const subscribers = this.#subscribers.get(topic)
    subscribers?.delete(session)
    if (subscribers?.size === 0) this.#subscribers.delete(topic)
    return true
  }

  /** Removes a closed connection. */
  leave(session: Session<Context>): void {
    for (const topic of session.topics ?? []) this.delete(session, topic)
  }

  subscribers(topic: string): ReadonlySet<Session<Context>> {
    return this.#subscribers.get(topic) ?? NOBODY
  }
}

const NOBODY: ReadonlySet<never> = new Set()
