import { Action, type Events, type Server } from 'revio'
import { simulate } from 'revio/testing'
import { type Chosen, UsageError } from './options.js'
import { run } from './program.js'

/** Unsent bytes at which a side stops the other one's reading. */
const ENOUGH = 256 * 1024

/** `send` copies what does not go out at once: input need not be the program's own. */
const options = { halfOpen: true, reuseInputBuffer: true }

/** A connection to `target` for each that comes. An end of one side is passed on as an end, a reset as a reset. */
export function proxy(target: string): Events {
  let server: Server
  /** The other side of each connection. */
  const others = new Map<number, number>()
  const otherOf = (id: number) => others.get(id) ?? 0
  /** Those with so much unsent that the other side is not read. */
  const full = new Set<number>()

  return {
    serving(running) {
      server = running
    },
    opened(id, { addressIndex }) {
      const dialled = addressIndex === -1
      if (dialled) return [null, options, server.resume(otherOf(id)) ? Action.None : Action.Close]
      const other = server.dial(target, { timeout: 5000 })
      others.set(id, other).set(other, id)
      // Nothing is read before there is somewhere to pass it on to.
      return [null, { ...options, paused: true }]
    },
    data(id, input) {
      const other = otherOf(id)
      server.send(other, input)
      if (server.pending(other) <= ENOUGH) return
      full.add(other)
      server.pause(id)
    },
    postwrite(id, _amount, remaining) {
      if (remaining === 0 && full.delete(id)) server.resume(otherOf(id))
    },
    ended(id) {
      server.send(otherOf(id), null, Action.End)
    },
    closed(id, error) {
      if (error !== undefined) process.stderr.write(`${error.message}\n`)
      server.send(otherOf(id), null, error === undefined ? Action.Close : Action.Reset)
      others.delete(id)
      full.delete(id)
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
