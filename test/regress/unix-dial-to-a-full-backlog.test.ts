import { mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Action, serve } from '../../lib/index.js'
import { addon, numbers, skip, slab } from '../transport/native/harness.js'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'

/** A listener whose backlog is full, and which accepts from `start` on. */
function fullListener(t: Test): { path: string; start: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  const path = join(folder, 'socket')
  const poller = new (addon().Poller)(slab(65_536), slab(64), numbers(256), numbers(256), () => {})
  poller.listenUnix(path, 0, 1000, 1, -1)
  const slots: number[] = []
  while ((slots.at(-1) ?? 0) >= 0) slots.push(poller.connectUnix(path))
  t.teardown(() => {
    poller.stop()
    rmSync(folder, { recursive: true })
  })
  return { path, start: () => poller.start() }
}

async function dial(
  t: Test,
  transport: 'net' | 'native',
  path: string,
  timeout: number,
): Promise<{ events: string[]; ended: Promise<void> }> {
  const events: string[] = []
  let end: () => void = () => {}
  const ended = serve(
    {
      serving(server) {
        server.dial(`unix${transport === 'net' ? '-net' : ''}://${path}`, { timeout })
        end = () => server.shutdown({ timeout: 0 })
      },
      opened: (_id, { closing }) => void events.push(closing ? 'failed' : 'connected'),
      closed: (_id, error) =>
        void events.push((error as NodeJS.ErrnoException | undefined)?.code ?? 'closed'),
    },
    'tcp4://127.0.0.1:0',
  )
  t.teardown(() => {
    end()
    return ended
  })
  return { events, ended }
}

await onBoth(t, 'a dial to a full backlog waits until there is room', async (t, transport) => {
  if (skip !== false) return void t.pass('there is no addon', { skip })
  const { path, start } = fullListener(t)
  const { events } = await dial(t, transport, path, 20_000)
  await new Promise(resolve => setTimeout(resolve, 100))
  t.strictSame(events, [])
  start()
  await until('a connection', () => events.length > 0)
  t.strictSame(events, ['connected'])
})

await onBoth(t, 'a dial to a full backlog fails when its time is up', async (t, transport) => {
  if (skip !== false) return void t.pass('there is no addon', { skip })
  const { path } = fullListener(t)
  const { events } = await dial(t, transport, path, 100)
  await until('a failure', () => events.length > 1)
  t.strictSame(events, ['failed', 'ETIMEDOUT'])
})

await onBoth(t, 'a refused dial names what was dialled', async (t, transport) => {
  const server = net.createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise(resolve => server.close(resolve))
  let error: NodeJS.ErrnoException | undefined
  await serve(
    {
      serving: server => void server.dial(`tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:${port}`),
      closed(_id, why) {
        error = why
        return Action.Shutdown
      },
    },
    'tcp4://127.0.0.1:0',
  )
  t.match(error, { code: 'ECONNREFUSED', message: new RegExp(`127\\.0\\.0\\.1:${port}`) })
})
