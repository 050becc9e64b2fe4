/** Tokens of plain output, and how far the wire has to have come for each. */
export class PlainReceipts {
  /** Whose bytes are being translated still: with the write they came with, counted from 1. */
  readonly #waiting: { token: unknown; write: number }[] = []
  /** Whose bytes have been: with how much is to have come to the wire. */
  readonly #placed: { token: unknown; target: number }[] = []
  #writes = 0
  #translated = 0
  #carried = 0

  /** Plain bytes were given to be translated. */
  wrote(): void {
    this.#writes += 1
  }

  /** The oldest of those have been, and of the bytes they became, `ahead` have not come to the wire. */
  translated(ahead: number): void {
    if (this.#translated < this.#writes) this.#translated += 1
    this.#placeTranslated(ahead)
  }

  /** All that was given has been, and has come to the wire. */
  allCarried(): void {
    this.#translated = this.#writes
    this.#placeTranslated(0)
  }

  /** So many bytes came to the wire. */
  carried(amount: number): void {
    this.#carried += amount
  }

  /** Adds a token behind all that was written; of what that became, `ahead` has not come to the wire. */
  add(token: unknown, ahead: number): void {
    if (this.#translated === this.#writes) this.#place(token, ahead)
    else this.#waiting.push({ token, write: this.#writes })
  }

  /** Adds a token whose bytes will never come to the wire. */
  lose(token: unknown): void {
    this.#waiting.push({ token, write: Number.POSITIVE_INFINITY })
  }

  /** Removes the oldest token, if its bytes have come to the wire. */
  due(): { token: unknown } | undefined {
    const first = this.#placed[0]
    return first !== undefined && first.target <= this.#carried ? this.#placed.shift() : undefined
  }

  /** Takes that back, as the loop did not want it. */
  refused(token: unknown): void {
    this.#placed.unshift({ token, target: 0 })
  }

  /** Removes all tokens. */
  rest(): unknown[] {
    return [...this.#placed.splice(0), ...this.#waiting.splice(0)].map(({ token }) => token)
  }

  #placeTranslated(ahead: number): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.write > this.#translated) return
      this.#place(first.token, ahead)
      this.#waiting.shift()
    }
  }

  #place(token: unknown, ahead: number): void {
    this.#placed.push({ token, target: this.#carried + ahead })
  }
}
