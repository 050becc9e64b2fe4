import t from 'tap'
import { type LoopsOptions, type LoopsServer, type ServingLoops, serveLoops } from '../../lib/index.js'
import { StallWatch } from '../../lib/loops/stall-watch.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client, spread } from './client.js'
import { changed, warned } from './waits.js'

const skip = nativeMissing() ?? false

const echo = new URL('fixtures/echo.js', import.meta.url)

/** Long enough that a loop which has nothing to do responds on a busy machine. */
const stallTimeout = 800

async function start(
  options: LoopsOptions,
): Promise<{ running: ServingLoops; server: LoopsServer; clients: [Client, Client] }> {
  const running = serveLoops(echo, { loops: 2, stallTimeout, ...options }, 'tcp://127.0.0.1:0')
  running.catch(() => {})
  const server = await running.listening
  const clients: [Client, Client] = [new Client(server.addresses[0]), new Client(server.addresses[0])]
  t.strictSame(await spread(clients, 2), [1, 1])
  if ((await clients[0].loop()) !== 0) clients.reverse()
  return { running, server, clients }
}

t.test(
  'a shutdown terminates a loop whose handler never returns, and says where it was',
  { skip },
  async t => {
    const gate = new Int32Array(new SharedArrayBuffer(8))
    const { running, server, clients } = await start({ workerData: { slowHandler: 50, gate } })
    const [hung, fine] = clients
    hung.send('hang')
    await changed(gate, 1, 0)
    await fine.send('still here').until(received => received.endsWith('still here'))
    server.shutdown({ timeout: 0 })
    await fine.closed()
    t.equal(fine.error, undefined, 'the other loop ends as ever')
    await t.rejects(running, {
      name: 'RevioError',
      code: 'ERR_STALLED',
      message:
        /^loop 0 was terminated after the shutdown: data of connection 1 has held its thread for 800 ms; connections lost: 1$/,
    })
    await hung.closed()
    t.match(server.stats(), { connections: 0, accepted: 2, closed: 2, stalled: 0, pending: 0 })
  },
)

t.test(
  'what a stalled loop misses is told, waits, or goes to the others, until it responds',
  { skip },
  async t => {
    const gate = new Int32Array(new SharedArrayBuffer(8))
    const { running, server, clients } = await start({ workerData: { gate } })
    const [stuck, fine] = clients
    const stalled = warned(/is stalled/)
    stuck.send('wait')
    await changed(gate, 1, 0)
    // Some of these wait for the stalled loop, at first.
    const early = Array.from({ length: 4 }, () => new Client(server.addresses[0]))
    t.match(await stalled, {
      name: 'RevioWarning',
      code: 'ERR_STALLED',
      message:
        'loop 0 is stalled: a handler, which slowHandler would name, has held its thread for 800 ms; new connections go to the others',
    })
    const late = Array.from({ length: 4 }, () => new Client(server.addresses[0]))
    t.strictSame(await spread([...early, ...late], 2), [0, 8], 'the other loop gets all')
    t.match(server.stats(), { connections: 10, stalled: 1 })
    t.match(server.stats({ loop: 0 }), { connections: 1, stalled: 1 })
    t.match(server.stats({ loop: 1 }), { stalled: 0 })
    await t.rejects(server.reload(), { code: 'ERR_STALLED', message: /^loop 0 is stalled/ })
    t.ok(server.post({ id: 1, loop: 1, reply: 'posted;' }, { to: 0 }), 'a message waits')
    await fine.send('x').until(received => received.endsWith('x'))

    const responds = warned(/responds again/)
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
    t.match(await responds, { name: 'RevioWarning', message: 'loop 0 responds again' })
    await stuck.until(received => received.endsWith('waitposted;'))
    t.match(server.stats(), { stalled: 0 })
    t.ok(server.stats({ loop: 0 }).recentTurn > 500, 'another thread sees how long it took')
    await server.reload()
    const after = Array.from({ length: 4 }, () => new Client(server.addresses[0]))
    t.strictSame(await spread(after, 2), [2, 2], 'both get connections again')
    server.shutdown()
    await running
  },
)

t.test('with killStalled, another loop takes the place of a stalled one', { skip }, async t => {
  const { running, server, clients } = await start({
    killStalled: true,
    restart: true,
    workerData: { slowHandler: 50 },
  })
  const [hung, fine] = clients
  const died = warned(/died/)
  hung.send('hang')
  t.match(await died, {
    name: 'RevioWarning',
    message: 'loop 0 died: data of connection 1 has held its thread for 800 ms; another takes its place',
    cause: { code: 'ERR_STALLED' },
  })
  await hung.closed()
  t.match(server.stats(), { connections: 1, stalled: 0 })
  await fine.send('still here').until(received => received.endsWith('still here'))
  const later: Client[] = []
  while (!later.some(client => client.received.startsWith('0'))) {
    const client = new Client(server.addresses[0])
    later.push(client)
    await client.loop()
  }
  server.shutdown()
  await running
})

t.test('a stalled loop that is the last one ends the others, too', { skip }, async t => {
  const running = serveLoops(echo, { loops: 1, stallTimeout: 200, killStalled: true }, 'tcp://127.0.0.1:0')
  running.catch(() => {})
  const server = await running.listening
  new Client(server.addresses[0]).send('hang')
  await t.rejects(running, {
    code: 'ERR_STALLED',
    message: /^a handler, which slowHandler would name, has held/,
  })
})

t.test('a loop is stalled that misses several beats in a row', async t => {
  const loop = {
    stalled: false,
    missed: -1,
    beat() {
      return ++this.missed
    },
  }
  let stalls = 0
  const watch = new StallWatch({
    timeout: Number.POSITIVE_INFINITY,
    loops: () => [loop],
    stalled: () => stalls++,
  })
  watch.start()
  for (let beat = 0; beat < 4; beat++) watch.beat()
  t.equal(stalls, 0)
  loop.missed = -1
  for (let beat = 0; beat < 4; beat++) watch.beat()
  t.equal(stalls, 0, 'it responded in between')
  watch.beat()
  t.equal(stalls, 1)
  watch.stop()
})

t.test('wrong options are told by name', async t => {
  const options: [object, RegExp][] = [
    [{ stallTimeout: 0 }, /option stallTimeout: expected a positive number of milliseconds; received 0/],
    [{ stallTimeout: Number.NaN }, /option stallTimeout/],
    [{ stallTimeout: '7' }, /option stallTimeout/],
    [{ killStalled: 1 }, /option killStalled: expected true or false; received 1/],
  ]
  for (const [option, message] of options) {
    await t.rejects(serveLoops(echo, option as never), { code: 'ERR_OPTION', message })
  }
})
