import t from 'tap'
import { onEvery } from '../transport/on-every.js'

await onEvery(t, 'a loop that ends while it only dials listens no more', async (t, world) => {
  const closed: unknown[] = []
  const running = await world.serve({
    closed: (_id, error) => void closed.push((error as NodeJS.ErrnoException | undefined)?.code),
  })
  const { server } = running
  const address = String(server.addresses[0])
  server.dial(world.transport === 'net' ? address.replace('://', '-net://') : address)
  server.shutdown()
  await world.until('the end', () => running.ended)
  t.ok(
    closed.every(code => code === 'ECONNABORTED' || code === undefined),
    String(closed),
  )
  if (!world.real) return
  const again = await world.serve({ opened: () => ['hello'] }, address)
  const peer = world.connect(again.server)
  await world.until('the port to be free', () => peer.received === 'hello')
})
