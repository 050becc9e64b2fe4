import type { Said } from './message.js'

/** How much of what was said is kept. */
const KEPT = 100
/** Milliseconds after which another server that is silent is taken to be gone. */
const PATIENCE = 15_000

/** What is known of one room: what was said, and who is there, here and on other servers. */
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

  /** Nobody is here; elsewhere there may be somebody. */
  get empty(): boolean {
    return this.#here.size === 0
  }

  /** Names of those here. */
  get here(): string[] {
    return [...new Set(this.#here.values())]
  }

  /** Names of all. */
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

  /** Another server has told who is there. */
  told(server: string, names: readonly string[], now: number): void {
    if (names.length === 0) this.#elsewhere.delete(server)
    else this.#elsewhere.set(server, { names, at: now })
  }

  /** Keeps what was said; false where it is known already. */
  keep(said: Said): boolean {
    if (this.#known.has(said.id)) return false
    this.#known.add(said.id)
    this.#history.push(said)
    if (this.#history.length > 1 && said.at < (this.#history.at(-2)?.at ?? 0)) {
      this.#history.sort((one, other) => one.at - other.at)
    }
    if (this.#history.length > KEPT) {
      this.#history = this.#history.slice(-KEPT)
      // What was forgotten may come once more, long after: a few times as many ids tell it then.
      for (const id of this.#known) {
        if (this.#known.size <= 10 * KEPT) break
        this.#known.delete(id)
      }
    }
    return true
  }
}
