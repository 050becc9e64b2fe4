import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import type { Reply } from '../reply.js'
import type { Command } from './command.js'
import { runCommand } from './run.js'
import { findCommand } from './table.js'

/** Longer names and arguments are cut in error messages. */
const SHOWN = 128

/** Does what a client has sent, or answers why not. */
export function dispatch(client: Client, args: Arguments, reply: Reply): void {
  if (args.count === 0) return
  const command = findCommand(args.bytes.view, args.start(0), args.end(0))
  if (command === undefined) return refuse(client, reply, unknown(args))
  if (args.count < command.least || args.count > command.most) {
    return refuse(client, reply, `ERR wrong number of arguments for '${command.name}' command`)
  }
  if (client.lastCommand !== command) client.lastCommand = command
  if (client.transaction !== undefined && !command.immediate) return queue(client, command, args, reply)
  if (client.subscriptions > 0 && !command.whileSubscribed && client.protocol === 2) {
    return refuse(client, reply, notWhileSubscribed(command))
  }
  runCommand(command, client, args, reply)
}

function queue(client: Client, command: Command, args: Arguments, reply: Reply): void {
  client.transaction?.queue.push({ command, args: args.clone() })
  reply.simple('QUEUED')
}

/** A command that cannot be queued spoils the transaction. */
function refuse(client: Client, reply: Reply, message: string): void {
  if (client.transaction !== undefined) client.transaction.failed = true
  reply.error(message)
}

function unknown(args: Arguments): string {
  let shown = ''
  for (let index = 1; index < args.count && shown.length < SHOWN; index++) {
    shown += `'${args.text(index).slice(0, SHOWN - shown.length)}' `
  }
  return `ERR unknown command '${args.text(0).slice(0, SHOWN)}', with args beginning with: ${shown}`
}

function notWhileSubscribed(command: Command): string {
  const allowed = '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET'
  return `ERR Can't execute '${command.name}': only ${allowed} are allowed in this context`
}
