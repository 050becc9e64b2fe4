import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Command } from './command.js'

/** Runs a command. If it throws a refusal, that replaces what it has written. */
export function runCommand(command: Command, client: Client, args: Arguments, reply: Reply): void {
  const { length } = reply
  try {
    command.run(client.database, args, reply, client)
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    reply.truncate(length)
    reply.error(thrown.message)
  }
}
