import t from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

await onBoth(t, 'listening settles once serving has run, with the same server', async (t, transport) => {
  const address = `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`
  let server: Server | undefined
  const serving = (given: Server) => {
    server = given
  }
  const running = serve({ serving }, address, { address })
  t.equal(server, undefined, 'nothing has happened yet')
  const listening = await running.listening
  t.equal(listening, server)
  t.equal(listening.addresses.length, 2)
  t.ok(listening.addresses.every(({ port }) => port > 0))
  t.equal(await running.listening, server, 'again')
  listening.shutdown()
  t.equal(await running, undefined)
})

t.test('it rejects as serve does, and nobody need ask for it', async t => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const taken = serve({}, 'tcp4://127.0.0.1:0')
  const server = await taken.listening
  const wrong: readonly (readonly [() => ReturnType<typeof serve>, object])[] = [
    [() => serve({}, 'nonsense'), { code: 'ERR_ADDRESS' }],
    [() => serve({ onData() {} } as object), { code: 'ERR_OPTION' }],
    [() => serve({}, String(server.addresses[0])), { code: 'EADDRINUSE' }],
    [
      () =>
        serve({
          serving() {
            throw new Error('from serving')
          },
        }),
      { message: 'from serving' },
    ],
  ]
  for (const [start, expected] of wrong) {
    const both = start()
    await t.rejects(both, expected as Error)
    await t.rejects(both.listening, expected as Error)
    await t.rejects(start(), expected as Error)
  }
  await new Promise(resolve => setTimeout(resolve, 10))
  t.strictSame(unhandled, [])
  server.shutdown()
  await taken
})

t.test('a loop whose serving asks for its end has been listening', async t => {
  const running = serve({ serving: () => Action.Shutdown }, 'tcp4://127.0.0.1:0')
  const server = await running.listening
  t.equal(server.addresses.length, 1)
  await t.resolves(running)
})
