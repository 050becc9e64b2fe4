import { Outbox } from '../transport/outbox.js'
import type { Files } from './files.js'
import { ConnectionState } from './state.js'
import type { Tokens } from './tokens.js'

/** A connection's output in transit. */
export class PendingOutput extends ConnectionState {
  readonly outbox = new Outbox()
  /** Output after the outbox's, if it contains parts of files. */
  files: Files | undefined
  /** Tokens to report when output has been written; created on first use. */
  tokens: Tokens | undefined
  /** The last write attempt left some output; the transport reports when more can go. */
  blocked = false
  /** Unsent bytes that were discarded. */
  discarded = 0
  /** Output was lost when the connection broke: the peer must not mistake what it received for everything. */
  truncated = false
  /** Among those to be written at the end of the turn. */
  dirty = false
  /** Bytes offered in the current write attempt; -1 for none. */
  offered = -1

  /** Bytes of output not yet accepted. */
  get unsent(): number {
    return this.files === undefined ? this.outbox.size : this.outbox.size + this.files.size
  }

  /** All output has been accepted. */
  get drained(): boolean {
    return this.outbox.empty && this.files === undefined
  }

  /** Discards output not yet accepted. */
  clearOutput(): void {
    this.outbox.clear()
    this.files?.clear()
    this.files = undefined
  }
}
