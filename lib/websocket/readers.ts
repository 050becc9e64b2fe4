import { MessageReader, type ReaderOptions } from './message-reader.js'

/** As many are kept: more were in the middle of messages at once, and the next ones may be made again. */
const MOST_KEPT = 64

/** Readers that no connection needs now. Between two messages none does, so that a few serve any number of them. */
export class Readers {
  readonly #options: ReaderOptions
  readonly #free: MessageReader[] = []

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  take(): MessageReader {
    return this.#free.pop() ?? new MessageReader(this.#options)
  }

  /** Takes a reader back, or answers it where its connection still needs it: only it knows what has been read. */
  give(reader: MessageReader): MessageReader | undefined {
    if (!reader.rests) return reader
    if (this.#free.length < MOST_KEPT) this.#free.push(reader)
    return undefined
  }
}
