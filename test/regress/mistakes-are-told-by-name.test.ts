import t from 'tap'
import { Action, type Events, InputStream, serve, translate } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

/** What handlers of JavaScript return by mistake, and what they are told. */
const returns: readonly (readonly [events: unknown, error: object])[] = [
  [
    { opened: () => ['hi', Action.Close] },
    { code: 'ERR_OPTION', message: /^opened returned 2 as its options: the action comes third/ },
  ],
  [
    { opened: () => 'hi' },
    { code: 'ERR_REPLY', message: /^opened returned a string: .*\[out, options, action\]/ },
  ],
  [{ opened: () => [7] }, { code: 'ERR_REPLY', message: /^opened: invalid output 7/ }],
  [{ opened: () => [null, 'fast'] }, { code: 'ERR_OPTION', message: /options must be an object/ }],
  [{ opened: () => [null, { higWaterMark: 7 }] }, { code: 'ERR_OPTION', message: /"higWaterMark"/ }],
  [{ data: () => 'hi' }, { code: 'ERR_REPLY', message: /^data returned a string/ }],
  [{ data: () => [{}] }, { code: 'ERR_REPLY', message: /^data: invalid output an Object/ }],
  [{ data: () => [[[]]] }, { code: 'ERR_REPLY', message: /^data: invalid output, an array with an Array/ }],
  [{ data: () => [null, 'Close'] }, { code: 'ERR_REPLY', message: /^data: invalid action a string/ }],
]

for (const [events, error] of returns) {
  await onEvery(t, String((error as { message: RegExp }).message), async (t, world) => {
    const closed: unknown[] = []
    const { server } = await world.serve({
      ...(events as Events),
      closed: (_id, error) => void closed.push(error),
      failed() {},
    })
    const peer = world.connect(server)
    if ('data' in (events as object)) peer.send('x')
    await world.until('closed', () => closed.length === 1)
    t.match(closed[0], error)
  })
}

await onEvery(t, 'a tick that returns no list is told what is needed', async (t, world) => {
  const { server, done } = await world.serve({ tick: () => 5 as unknown as [number] })
  await t.rejects(done, {
    code: 'ERR_REPLY',
    message: /^tick returned 5: expected nothing or \[delay, action\]/,
  })
  t.equal(server.connections, 0)
})

t.test('what serve and translate are given is named', async t => {
  const nothing = undefined as never
  await t.rejects(serve(null as never), { code: 'ERR_OPTION', message: /^serve: .* received null/ })
  await t.rejects(serve({}, 7 as never), { code: 'ERR_ADDRESS', message: /received 7/ })
  await t.rejects(serve({}, { address: 'tcp://:0', event: {} } as never), { message: /"event"/ })
  t.throws(() => translate({}, nothing, nothing), {
    code: 'ERR_OPTION',
    message: /should must be a function/,
  })
  t.throws(() => translate({}, () => true, nothing), {
    code: 'ERR_OPTION',
    message: /wrap must be a function/,
  })
})

t.test('an InputStream keeps nothing that is no bytes, and loses nothing', t => {
  const stream = new InputStream()
  t.throws(() => stream.end('xyz' as unknown as Buffer), { code: 'ERR_OPTION' })
  t.equal(stream.buffered, 0)
  stream.begin(Buffer.from('first '))
  t.equal(String(stream.begin(Buffer.from('second'))), 'first second')
  t.end()
})
