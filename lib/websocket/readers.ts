import { MessageReader, type ReaderOptions } from './message-reader.js'

/** The most readers to keep. If more messages were in progress at once, further readers are made again when needed. */
const MOST_KEPT = 64

/**
 * Readers that no connection uses. A connection needs none between two messages, so a few readers serve any number of
 * connections.
 */
export class Readers {
  readonly #options: ReaderOptions
  readonly #free: MessageReader[] = []

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  take(): MessageReader {
    return this.#free.pop() ?? new MessageReader(this.#options)
  }

  /** Takes a reader back. Returns it if its connection still needs it, because it holds a partial message. */
  give(reader: MessageReader): MessageReader | undefined {
    if (!reader.rests) return reader
    if (this.#free.length < MOST_KEPT) this.#free.push(reader)
    return undefined
  }
}
