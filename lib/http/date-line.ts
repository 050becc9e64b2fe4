/** The `date` field, renewed once a second. */
export class DateLine {
  #text = ''
  #until = Number.NEGATIVE_INFINITY

  /** @param now - The loop's time in ms. */
  at(now: number): string {
    if (now >= this.#until) {
      const time = Date.now()
      this.#text = `Date: ${new Date(time).toUTCString()}\r\n`
      this.#until = now + 1000 - (time % 1000)
    }
    return this.#text
  }
}
