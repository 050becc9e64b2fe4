import { Action, type Events, type Server } from 'revio'
import { simulate } from 'revio/testing'
import { type Chosen, UsageError } from './options.js'
import { run } from './program.js'

/** Stops reading from one side at this many unsent bytes on the other. */
const ENOUGH = 256 * 1024

/** `send` copies what it can't write at once, so the input buffer can be reused. */
const options = { halfOpen: true, reuseInputBuffer: true }

/**
 * Connects to `target` for each accepted connection. Forwards an end as an end, and a reset as a reset. The context of
 * a connection is the id of its other side.
 */
export function proxy(target: string): Events<number> {
  let server: Server
  /** The accepted connection that waits for each dial. */
  const waiting = new Map<number, number>()

  return {
    serving(running) {
      server = running
    },
    opened(id) {
      const other = waiting.get(id)
      if (other !== undefined) return [null, options, server.resume(other) ? Action.None : Action.Close]
      const context = server.dial(target, { timeout: 5000, context: id })
      waiting.set(context, id)
      // Reads nothing before there is a connection to forward it to.
      return [null, { ...options, context, paused: true }]
    },
    data(id, input, other) {
      if (server.pending(other) <= ENOUGH) return void server.send(other, input)
      server.send(other, input, { token: id })
      server.pause(id)
    },
    /** All output is written for which that side was stopped. */
    sent(_id, stopped) {
      server.resume(Number(stopped))
    },
    ended(_id, other) {
      server.send(other, null, Action.End)
    },
    closed(id, error, other) {
      if (error !== undefined) process.stderr.write(`${error.message}\n`)
      server.send(other, null, error === undefined ? Action.Close : Action.Reset)
      waiting.delete(id)
    },
  }
}

/** Validates a target before the first connection: a simulation parses it at once, and connects to nothing. */
function checked(target: string): string {
  try {
    simulate({}).server.dial(target)
  } catch (error) {
    throw new UsageError(`--target ${target}: ${(error as Error).message}`)
  }
  return target
}

function targetOf(chosen: Chosen): string {
  return chosen.values('target').at(-1) ?? ''
}

export const program = await run({
  module: import.meta.url,
  command: 'npm run proxy',
  about: 'Passes every connection on to another server, whatever is spoken on it.',
  port: 6000,
  extras: {
    target: {
      value: 'ADDRESS',
      about: 'where to pass connections on to',
      preset: 'tcp://127.0.0.1:6380',
    },
    listen: { value: 'ADDRESS', about: 'listen on this address too', listens: true },
  },
  hint: (_first, chosen) => `, passing on to ${targetOf(chosen)}`,
  events: chosen => proxy(checked(targetOf(chosen))),
})
