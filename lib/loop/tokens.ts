/** A token, and the stream position at which to report it. */
interface Pending {
  readonly token: unknown
  readonly at: number
  next: Pending | undefined
}

/**
 * One connection's tokens: each is reported when all bytes before it have been written. Counting begins with the
 * first token, so connections without tokens pay nothing.
 */
export class Tokens {
  #first: Pending | undefined
  #last: Pending | undefined
  /** Bytes written since counting began. */
  #taken = 0

  /** Whether tokens are outstanding. */
  get waiting(): boolean {
    return this.#first !== undefined
  }

  /** Adds a token after `ahead` unwritten bytes; Infinity if its bytes were discarded. */
  add(token: unknown, ahead: number): void {
    const pending: Pending = { token, at: this.#taken + ahead, next: undefined }
    if (this.#last === undefined) this.#first = pending
    else this.#last.next = pending
    this.#last = pending
  }

  /** This many bytes have been written. */
  took(amount: number): void {
    this.#taken += amount
  }

  /** Removes the oldest token if its bytes have been written; the last `unconfirmed` bytes don't count yet. */
  due(unconfirmed: number): { readonly token: unknown } | undefined {
    const first = this.#first
    if (first === undefined || first.at > this.#taken - unconfirmed) return undefined
    return this.next()
  }

  /** Removes the oldest token. */
  next(): { readonly token: unknown } | undefined {
    const first = this.#first
    this.#first = first?.next
    if (this.#first === undefined) this.#last = undefined
    return first
  }
}
