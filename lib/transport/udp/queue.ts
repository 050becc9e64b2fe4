/** How many removed items may stay at the front before the array is cut. */
const SLACK = 1024

/** A queue with constant-time operations at any length: an array's `shift` moves all other items. */
export class Queue<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Removes and returns the oldest item. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) this.#cut()
    else if (this.#head > SLACK && this.#head * 2 > this.#items.length) this.#cut()
    return item
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
