/** A map by name with a maximum size, which evicts the least recently used entry. */
export class LruMap<Value> {
  readonly #most: number
  readonly #lifetime: number
  /** Least recently used first. */
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>()

  /** `lifetime`: milliseconds from `set` until an entry expires. */
  constructor(most: number, lifetime = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#lifetime = lifetime
  }

  get(name: string): Value | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    this.#entries.delete(name)
    if (entry.until <= performance.now()) return undefined
    this.#entries.set(name, entry)
    return entry.value
  }

  set(name: string, value: Value): void {
    this.#entries.delete(name)
    this.#entries.set(name, { value, until: performance.now() + this.#lifetime })
    if (this.#entries.size <= this.#most) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
