import { Action, type Address, type Events } from 'revio'
import { Client, Quiet } from './client.js'
import { dispatch, dispatchQuietly } from './commands/dispatch.js'
import { Instance } from './instance.js'
import { Reply } from './reply.js'
import { Answer } from './resp.js'

/** Milliseconds between checks for expired keys. */
const TICK = 100

/**
 * Unsent bytes of replies above which a connection's commands wait: a client that requests much and reads little costs
 * this much memory, plus one reply.
 */
const PILE = 1024 * 1024

/** A Redis server: `serve(redis(), 'tcp://127.0.0.1:6380')`. */
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
      // A single reply may be as large as a value; `PILE` bounds the rest.
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

/** Runs the complete commands, and keeps the rest. */
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

/** Keeps input; stops reading from a blocked client that keeps sending. */
function postpone(client: Client, bytes: Buffer): void {
  client.input.end(bytes)
  if (client.input.buffered > PILE) client.pause()
}

/** Runs complete commands; returns true if it stopped because of unsent replies. */
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

/**
 * An address as Redis writes it: `127.0.0.1:6379`, `[::1]:6379`, or a Unix socket's path with port 0; a character for
 * each byte.
 */
function nameOf({ network, host, port, path }: Address): string {
  if (network === 'unix') return `${Buffer.from(path).toString('latin1')}:0`
  return network === 'tcp6' ? `[${host}]:${port}` : `${host}:${port}`
}
