/** Values by name, up to a number of them: what was not used for longest goes first. */
export class Recent<Value> {
  readonly #most: number
  readonly #lifetime: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>()

  /** `lifetime`: milliseconds from `set` on after which a value is gone. */
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
