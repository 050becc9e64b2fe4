/** As many addresses have a number of their own: it, an IPv4 address and a port make one of 53 bits. */
const MOST_LOCALS = 32

/** The addresses of this side that were written to, in the order in which they were. */
export class LocalAddresses {
  readonly #indices = new Map<number, number>()
  #last = 0
  #lastIndex = -1

  /** Below 0: there are too many. */
  indexOf(address: number): number {
    if (address === this.#last && this.#lastIndex >= 0) return this.#lastIndex
    const index = this.#indices.get(address) ?? this.#admit(address)
    this.#last = address
    this.#lastIndex = index
    return index
  }

  #admit(address: number): number {
    if (this.#indices.size === MOST_LOCALS) return -1
    this.#indices.set(address, this.#indices.size)
    return this.#indices.size - 1
  }
}
