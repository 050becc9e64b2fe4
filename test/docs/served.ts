/**
 * Replaces `revio` while a sample runs: the library itself, except that it binds free addresses, and reports them to
 * the process that runs the sample.
 */
import { type Events, type Server, serve as serveThere } from '../../lib/index.js'

export * from '../../lib/index.js'

export function serve<Context = undefined>(events: Events<Context>, ...addresses: string[]): Promise<void> {
  const told: Events<Context> = Object.create(events, {
    serving: {
      value: (server: Server) => {
        process.send?.({ addresses: server.addresses.map(String) })
        return events.serving?.(server)
      },
    },
  })
  return serveThere(told, ...addresses.map(elsewhere))
}

function elsewhere(address: string, index: number): string {
  if (address.startsWith('unix')) return address.replace(/:\/\/[^?]*/, `://${index}.sock`)
  return address.replace(/:\d+(?=\?|$)/, `:${process.env.SAMPLE_PORT ?? 0}`)
}
