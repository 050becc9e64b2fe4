import type { Said } from './message.js'

/** The number of messages to keep. */
const KEPT = 100
/** Milliseconds of silence after which another server counts as gone. */
const PATIENCE = 15_000

/** A room: its messages, and its users here and on other servers. */
export class Room {
  readonly name: string
  /** Names by connection. */
  readonly #here = new Map<number, string>()
  readonly #elsewhere = new Map<string, { names: readonly string[]; at: number }>()
  #history: Said[] = []
  readonly #known = new Set<string>()

  constructor(name: string) {
    this.name = name
  }

  get history(): readonly Said[] {
    return this.#history
  }

  /** Nobody is here; there may be users on other servers. */
  get empty(): boolean {
    return this.#here.size === 0
  }

  /** The names of the users here. */
  get here(): string[] {
    return [...new Set(this.#here.values())]
  }

  /** The names of all users. */
  names(now: number): string[] {
    for (const [server, { at }] of this.#elsewhere) if (now - at > PATIENCE) this.#elsewhere.delete(server)
    const others = [...this.#elsewhere.values()].flatMap(({ names }) => names)
    return [...new Set([...this.#here.values(), ...others])].sort()
  }

  enter(id: number, name: string): void {
    this.#here.set(id, name)
  }

  leave(id: number): void {
    this.#here.delete(id)
  }

  /** Another server announced its users. */
  told(server: string, names: readonly string[], now: number): void {
    if (names.length === 0) this.#elsewhere.delete(server)
    else this.#elsewhere.set(server, { names, at: now })
  }

  /** Stores a message; returns false if it is already known. */
  keep(said: Said): boolean {
    if (this.#known.has(said.id)) return false
    this.#known.add(said.id)
    this.#history.push(said)
    if (this.#history.length > 1 && said.at < (this.#history.at(-2)?.at ?? 0)) {
      this.#history.sort((one, other) => one.at - other.at)
    }
    if (this.#history.length > KEPT) {
      this.#history = this.#history.slice(-KEPT)
      // A message may be repeated long after it was dropped, so more ids than messages are kept.
      for (const id of this.#known) {
        if (this.#known.size <= 10 * KEPT) break
        this.#known.delete(id)
      }
    }
    return true
  }
}
