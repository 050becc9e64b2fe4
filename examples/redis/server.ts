import { Action, type Address, type Events } from 'revio'
import { Client, Quiet } from './client.js'
import { dispatch, dispatchQuietly } from './commands/dispatch.js'
import { Instance } from './instance.js'
import { Reply } from './reply.js'
import { Answer } from './resp.js'

/** Milliseconds between two looks for keys that have expired. */
const TICK = 100

/**
 * Bytes of replies at which a connection's commands wait until those have left: a client that asks for much and reads
 * little costs so much memory, and one reply more.
 */
const PILE = 1024 * 1024

/** What a Redis server does: `serve(redis(), 'tcp://127.0.0.1:6380')`. */
export function redis(instance = new Instance()): Events<Client> {
  const reply = new Reply()

  return {
    serving(server) {
      instance.loop = server
    },

    opened(id, { remoteAddress, localAddress }) {
      const context = new Client(id, instance, { remote: nameOf(remoteAddress), local: nameOf(localAddress) })
      instance.opened(context)
      const { idleTimeout } = instance.settings
      // A single reply may be as large as a value; that there is not much more is `PILE`'s work.
      const maxPending = Number.POSITIVE_INFINITY
      return [null, { context, reuseInputBuffer: true, idleTimeout, maxPending }]
    },

    data(_id, input, client) {
      receive(client, input, reply)
      return [reply.take(), client.action]
    },

    postwrite(_id, _amount, remaining, client) {
      if (remaining === 0 && client.stalled) client.recover()
    },

    closed(_id, _error, client) {
      instance.closed(client)
    },

    tick() {
      instance.tick()
      return [TICK]
    },
  }
}

/** Runs the commands that are there, and keeps what is behind them. */
function receive(client: Client, input: Uint8Array | null, reply: Reply): void {
  const { parser } = client
  const bytes = client.input.begin(input)
  if (client.stalled || client.waiting !== undefined) return postpone(client, bytes)
  parser.begin(bytes)
  reply.protocol = client.protocol
  const stalled = runCommands(client, reply)
  client.input.end(parser.end())
  if (stalled) client.stall()
  else if (client.waiting === undefined) client.goOn()
}

/** Keeps what has arrived; a client that is blocked and goes on sending is not read any more. */
function postpone(client: Client, bytes: Buffer): void {
  client.input.end(bytes)
  if (client.input.buffered > PILE) client.pause()
}

/** Runs what has arrived whole; true where it stopped because of the replies. */
function runCommands(client: Client, reply: Reply): boolean {
  const { parser, instance } = client
  while (client.action === Action.None && client.waiting === undefined) {
    if (reply.length >= PILE) return true
    const answer = parser.next()
    if (answer === Answer.Consumed) {
      instance.statistics.commands++
      if (client.quiet === Quiet.No) dispatch(client, parser.args, reply)
      else dispatchQuietly(client, parser.args, reply)
    } else {
      if (answer === Answer.Invalid) refuse(client, reply)
      break
    }
  }
  return false
}

function refuse(client: Client, reply: Reply): void {
  reply.error(`ERR ${client.parser.error}`)
  client.action = Action.Close
}

/** As Redis writes it, with a character for each byte: `127.0.0.1:6379`, `[::1]:6379`, and for a Unix socket its path with port 0. */
function nameOf({ network, host, port, path }: Address): string {
  if (network === 'unix') return `${Buffer.from(path).toString('latin1')}:0`
  return network === 'tcp6' ? `[${host}]:${port}` : `${host}:${port}`
}
