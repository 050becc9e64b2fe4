import { Action, type Events, type Server } from 'revio'
import { simulate } from 'revio/testing'
import { type Chosen, UsageError } from './options.js'
import { run } from './program.js'

/** Unsent bytes at which a side stops the other one's reading. */
const ENOUGH = 256 * 1024

/** `send` copies what does not go out at once: input need not be the program's own. */
const options = { halfOpen: true, reuseInputBuffer: true }

/**
 * A connection to `target` for each that comes. An end of one side is passed on as an end, a reset as a reset. The
 * context of a connection is the id of the other side.
 */
export function proxy(target: string): Events<number> {
  let server: Server
  /** Who waits for each connection that is being made. */
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
      // Nothing is read before there is somewhere to pass it on to.
      return [null, { ...options, context, paused: true }]
    },
    data(id, input, other) {
      if (server.pending(other) <= ENOUGH) return void server.send(other, input)
      server.send(other, input, { token: id })
      server.pause(id)
    },
    /** All has gone out for which that side was stopped. */
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

/** A target is read when the first connection is passed on; a simulation reads it at once, and connects to nothing. */
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
