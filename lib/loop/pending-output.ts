import { Outbox } from '../transport/outbox.js'
import type { Files } from './files.js'
import { ConnectionState } from './state.js'
import type { Tokens } from './tokens.js'

/** The output of a connection that is on its way. */
export class PendingOutput extends ConnectionState {
  readonly outbox = new Outbox()
  /** Output behind that of the outbox, where it holds parts of files. */
  files: Files | undefined
  /** Whom to tell when output has gone; there once somebody has asked. */
  tokens: Tokens | undefined
  /** The last attempt to write left some of what it offered; the transport says when more goes. */
  blocked = false
  /** Unsent bytes that were given up. */
  discarded = 0
  /** Among those to be written at the end of the turn. */
  dirty = false
  /** Bytes that were offered at the present attempt to write; -1 for none. */
  offered = -1

  /** Bytes of output that have not been taken. */
  get unsent(): number {
    return this.files === undefined ? this.outbox.size : this.outbox.size + this.files.size
  }

  /** All output has been taken. */
  get drained(): boolean {
    return this.outbox.empty && this.files === undefined
  }

  /** Gives up the output that has not been taken. */
  clearOutput(): void {
    this.outbox.clear()
    this.files?.clear()
    this.files = undefined
  }
}
