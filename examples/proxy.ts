import { Action, type Events, type Server } from 'revio'
import { simulate } from 'revio/testing'
import { type Chosen, UsageError } from './options.js'
import { run } from './program.js'

/** Unsent bytes at which a side stops the other one's reading. */
const ENOUGH = 256 * 1024

/** A connection to `target` for each that comes. An end of one side is passed on as an end, a reset as a reset. */
export function proxy(target: string): Events {
  let server: Server
  /** The other side of each connection. */
  const others = new Map<number, number>()
  const otherOf = (id: number) => others.get(id) ?? 0

  return {
    serving(running) {
      server = running
    },
    opened(id, { addressIndex }) {
      const dialled = addressIndex === -1
      if (dialled) return [null, { halfOpen: true }, server.resume(otherOf(id)) ? Action.None : Action.Close]
      const other = server.dial(target, { timeout: 5000 })
      others.set(id, other).set(other, id)
      // Nothing is read before there is somewhere to pass it on to.
      return [null, { halfOpen: true, paused: true }]
    },
    data(id, input) {
      server.send(otherOf(id), input)
      if (server.pending(otherOf(id)) > ENOUGH) server.pause(id)
    },
    postwrite(id, _amount, remaining) {
      if (remaining === 0) server.resume(otherOf(id))
    },
    ended(id) {
      server.send(otherOf(id), null, Action.End)
    },
    closed(id, error) {
      if (error !== undefined) process.stderr.write(`${error.message}\n`)
      server.send(otherOf(id), null, error === undefined ? Action.Close : Action.Reset)
      others.delete(id)
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
