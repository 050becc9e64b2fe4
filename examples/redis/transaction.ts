import type { Arguments } from './arguments.js'
import type { Command } from './commands/command.js'

/** The commands that a client has queued since MULTI. */
export class Transaction {
  readonly queue: { command: Command; args: Arguments }[] = []
  /** A command could not be queued, so EXEC will run nothing. */
  failed = false
}
