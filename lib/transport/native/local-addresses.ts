/** The most local addresses with a number: the number, an IPv4 address and a port together fit 53 bits. */
const MOST_LOCALS = 32

/** Numbers the local addresses that datagrams were sent to, in order of their first use. */
export class LocalAddresses {
  readonly #indices = new Map<number, number>()
  #last = 0
  #lastIndex = -1

  /** Returns the address's number, or a negative number if there are too many. */
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
