import type { Arguments } from '../arguments.js'
import { type Client, Quiet } from '../client.js'
import type { Reply } from '../reply.js'
import { settle } from '../settle.js'
import type { Command } from './command.js'
import { runCommand } from './run.js'
import { findCommand } from './table.js'
import { endTransaction } from './transactions.js'

/** Longer names and arguments are truncated in error messages. */
const SHOWN = 128

/** Executes a command, or replies with an error. */
export function dispatch(client: Client, args: Arguments, reply: Reply): void {
  if (args.count === 0) return
  let command = findCommand(args.bytes.view, args.start(0), args.end(0))
  if (command === undefined) return refuse(client, undefined, reply, unknown(args))
  if (command.subcommands !== undefined && args.count > 1) {
    const subcommand = command.subcommands.get(args.name(1))
    if (subcommand === undefined) return refuse(client, undefined, reply, unknownSubcommand(command, args))
    command = subcommand
  }
  if (args.count < command.least || args.count > command.most) {
    return refuse(client, command, reply, `wrong number of arguments for '${command.name}' command`)
  }
  if (client.lastCommand !== command) client.lastCommand = command
  if (client.transaction !== undefined || client.subscriptions > 0) {
    if (!mayRun(client, command, args, reply)) return
  }
  runCommand(command, client, args, reply)
  if (client.instance.signals.pending) settle(client.instance, client, reply)
}

/**
 * Whether to execute the command of a client in a transaction or with subscriptions now; otherwise it has been replied
 * to.
 */
function mayRun(client: Client, command: Command, args: Arguments, reply: Reply): boolean {
  if (client.transaction !== undefined && command.alone) {
    refuse(client, command, reply, 'Command not allowed inside a transaction')
  } else if (client.subscriptions > 0 && !command.whileSubscribed && client.protocol === 2) {
    refuse(client, command, reply, notWhileSubscribed(command))
  } else if (client.transaction !== undefined && !command.immediate) {
    queue(client, command, args, reply)
  } else return true
  return false
}

/** Executes a command of a client that wants no replies. Confirmations of subscriptions are not replies. */
export function dispatchQuietly(client: Client, args: Arguments, reply: Reply): void {
  const { length } = reply
  if (client.quiet === Quiet.Next) client.quiet = Quiet.This
  dispatch(client, args, reply)
  const wanted = client.quiet === Quiet.No || (client.lastCommand?.subscribes ?? false)
  if (!wanted) reply.truncate(length)
  if (client.quiet === Quiet.This) client.quiet = Quiet.No
}

function queue(client: Client, command: Command, args: Arguments, reply: Reply): void {
  client.transaction?.queue.push({ command, args: args.clone() })
  reply.simple('QUEUED')
}

/** A command that can't be queued aborts the transaction; EXEC ends it. */
function refuse(client: Client, command: Command | undefined, reply: Reply, message: string): void {
  if (command?.name === 'exec') {
    endTransaction(client)
    return reply.error(`EXECABORT Transaction discarded because of: ${message}`)
  }
  if (client.transaction !== undefined) client.transaction.failed = true
  reply.error(`ERR ${message}`)
}

function unknown(args: Arguments): string {
  let shown = ''
  for (let index = 1; index < args.count && shown.length < SHOWN; index++) {
    shown += `'${args.shown(index, SHOWN - shown.length)}' `
  }
  return `unknown command '${args.shown(0, SHOWN)}', with args beginning with: ${shown}`
}

function unknownSubcommand(command: Command, args: Arguments): string {
  return `unknown subcommand '${args.shown(1, SHOWN)}'. Try ${command.name.toUpperCase()} HELP.`
}

function notWhileSubscribed(command: Command): string {
  const allowed = '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET'
  return `Can't execute '${command.name}': only ${allowed} are allowed in this context`
}
