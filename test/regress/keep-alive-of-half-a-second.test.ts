import { readFileSync } from 'node:fs'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { SocketWorld } from '../transport/socket-world.js'

/** Seconds until the system probes the peer of a local port; undefined while nothing is to be probed. */
function probedIn(port: number): number | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const row = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .find(([, from, , state]) => from === local && state === '01')
  const [kind, when = ''] = row?.[5]?.split(':') ?? []
  return kind === '02' ? Number.parseInt(when, 16) / 100 : undefined
}

await onBoth(t, 'keepAlive', async (t, transport) => {
  for (const [keepAlive, least, most] of [
    [0.5, 0, 1],
    [500, 0, 1],
    [1500, 1, 2],
    [2 ** 31 * 1000, 32_000, 32_767],
    [1e21, 32_000, 32_767],
  ] as const) {
    const world = new SocketWorld(transport, 'tcp4')
    const { server } = await world.serve({ opened: () => ['hello', { keepAlive }] })
    const peer = world.connect(server)
    await world.until('hello', () => peer.received === 'hello')
    const seconds = probedIn(server.addresses[0]?.port ?? 0)
    t.ok(seconds !== undefined && seconds >= least && seconds <= most, `${keepAlive} ms: ${seconds} s`)
    t.strictSame(await world.end(), [])
  }
})

await onBoth(t, 'keepAlive without an end', async (t, transport) => {
  const world = new SocketWorld(transport, 'tcp4')
  let told: Error | undefined
  const { server } = await world.serve({
    opened: () => ['hello', { keepAlive: Number.POSITIVE_INFINITY }],
    closed(_id, error) {
      told = error
    },
  })
  const peer = world.connect(server)
  await world.until('the end', () => peer.ended)
  t.match(told, { code: 'ERR_OPTION', message: /keepAlive: .* received Infinity/ })
  t.strictSame(await world.end(), [])
})
