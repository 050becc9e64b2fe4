import type { Arguments } from './arguments.js'
import type { Command } from './commands/command.js'

/** What a client has queued since MULTI. */
export class Transaction {
  readonly queue: { command: Command; args: Arguments }[] = []
  /** Something could not be queued: EXEC will do nothing. */
  failed = false
}
