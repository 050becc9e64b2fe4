import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Command } from './command.js'

/** Runs a command; where it refuses, that is its reply, whatever it had written before. */
export function runCommand(command: Command, client: Client, args: Arguments, reply: Reply): void {
  const { database } = client
  const { changes } = database
  const { length } = reply
  try {
    command.run(database, args, reply, client)
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    reply.truncate(length)
    reply.error(thrown.message)
  }
  const { watches } = client.instance
  if (database.changes !== changes && watches.count > 0) watches.touch(database, command, args)
}
