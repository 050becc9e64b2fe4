import { MessageReader, type ReaderOptions } from './message-reader.js'

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
    this.#free.push(reader)
    return undefined
  }
}
