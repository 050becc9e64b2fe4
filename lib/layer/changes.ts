/** Something that changes, and those who wait for that. */
export class Changes {
  #next: Promise<void> | undefined
  #resolve: () => void = () => {}

  /** Settles with the next change. */
  next(): Promise<void> {
    this.#next ??= new Promise(resolve => {
      this.#resolve = resolve
    })
    return this.#next
  }

  /** There is one. */
  happened(): void {
    this.#next = undefined
    this.#resolve()
  }

  /** Settles once it is so. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.next()
  }
}
