import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

/** More than the 511 that Node asks for by default. */
const MANY = 600

/** Connections that wait to be accepted on a port: the second half of the queues in /proc/net/tcp. */
function waiting(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const listening = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .find(line => line.includes(local) && line.includes(' 00000000:0000 0A '))
  return Number.parseInt(/:([0-9A-F]{8}) \d\d:/.exec(listening ?? '')?.[1] ?? '', 16)
}

/** How many of `wanted` have come to wait; the event loop, which would accept them, stands still meanwhile. */
function comeToWait(port: number, wanted: number): number {
  const deadline = performance.now() + 10_000
  while (waiting(port) < wanted && performance.now() < deadline);
  return waiting(port)
}

await onBoth(t, 'as many wait to be accepted as the system allows', async (t, transport) => {
  const allowed = Number(readFileSync('/proc/sys/net/core/somaxconn', 'latin1'))
  const wanted = Math.min(MANY, allowed)
  const running = serve({}, `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`)
  const server = await running.listening
  const port = server.addresses[0]?.port ?? 0
  const sockets = Array.from({ length: MANY }, (): Socket => connect(port, '127.0.0.1').on('error', () => {}))
  // They connect in ticks that go before this one.
  const count = await new Promise<number>(resolve =>
    process.nextTick(() => resolve(comeToWait(port, wanted))),
  )
  t.ok(count >= wanted, `${count} of ${wanted}`)
  for (const socket of sockets) socket.destroy()
  server.shutdown({ timeout: 0 })
  await running
})
