import t from 'tap'
import { Action } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

await onEvery(t, 'a dial that failed says why, though its handlers reset it', async (t, world) => {
  for (const handler of ['opened', 'prewrite', 'postwrite'] as const) {
    const closed: (string | undefined)[] = []
    const act = (name: string) => (name === handler ? Action.Reset : Action.None)
    const { server } = await world.serve({
      opened: () => [Buffer.alloc(33_000), {}, act('opened')],
      prewrite: () => act('prewrite'),
      postwrite: () => act('postwrite'),
      closed: (_id, error) => void closed.push((error as NodeJS.ErrnoException | undefined)?.code),
    })
    server.dial('tcp4://127.0.0.1:1')
    await world.until('its end', () => closed.length > 0)
    t.strictSame(closed, ['ECONNREFUSED'], handler)
  }
})
