import { parseArgs } from 'node:util'
import { Action, type Events, type Server, serve } from 'revio'

/** Unsent bytes at which a side stops the other one's reading. */
const ENOUGH = 256 * 1024

const USAGE = `Passes every connection on to another server, whatever is spoken on it.

Usage: npm run proxy -- [options]

  --listen ADDRESS   where to listen (default tcp://127.0.0.1:6000)
  --target ADDRESS   where to pass connections on to (default tcp://127.0.0.1:6380)
  --help             say this
`

/** A connection to `target` for each that comes. An end of one side is passed on as an end, a reset as a reset. */
export function proxy(target: string): Events {
  let server: Server
  /** The other side of each connection. */
  const others = new Map<number, number>()
  const otherOf = (id: number) => others.get(id) ?? 0

  return {
    serving(running) {
      server = running
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.shutdown())
      process.stdout.write(`Listening on ${server.addresses.join(' and ')}, passing on to ${target}\n`)
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

const text = { type: 'string' } as const
try {
  const { values } = parseArgs({ options: { listen: text, target: text, help: { type: 'boolean' } } })
  const { listen = 'tcp://127.0.0.1:6000', target = 'tcp://127.0.0.1:6380', help } = values
  if (help) process.stdout.write(USAGE)
  else await serve(proxy(target), listen)
} catch (error) {
  process.stderr.write(`npm run proxy: ${String((error as Error).message).split(/\. |\n/)[0]}\n`)
  process.exitCode = 1
}
