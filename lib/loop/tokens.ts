/** A token, and the number of bytes of the stream that are to have gone before the program hears of it. */
interface Pending {
  readonly token: unknown
  readonly at: number
  next: Pending | undefined
}

/**
 * Tokens of one connection that came with output: each is told of when the bytes up to it have gone. Counting begins
 * with the first token, so that connections without any pay nothing.
 */
export class Tokens {
  #first: Pending | undefined
  #last: Pending | undefined
  /** Bytes that have been taken since counting began. */
  #taken = 0

  /** There are tokens that have not been told of. */
  get waiting(): boolean {
    return this.#first !== undefined
  }

  /** Adds a token behind `ahead` bytes that have not been taken; Infinity for one whose bytes never will be. */
  add(token: unknown, ahead: number): void {
    const pending: Pending = { token, at: this.#taken + ahead, next: undefined }
    if (this.#last === undefined) this.#first = pending
    else this.#last.next = pending
    this.#last = pending
  }

  /** So many bytes have been taken. */
  took(amount: number): void {
    this.#taken += amount
  }

  /** Removes the oldest token if its bytes have gone; `unconfirmed` of those that were taken may not have. */
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
