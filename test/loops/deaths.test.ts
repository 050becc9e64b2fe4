import { once } from 'node:events'
import t from 'tap'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client, spread } from './client.js'

const skip = nativeMissing() ?? false

const echo = new URL('fixtures/echo.js', import.meta.url)

async function warning(): Promise<Error> {
  const [error] = (await once(process, 'warning')) as [Error]
  return error
}

t.test('a loop that dies costs its own connections, and another takes its place', { skip }, async t => {
  const running = serveLoops(echo, { loops: 2, restart: true }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const clients = Array.from({ length: 10 }, () => new Client(server.addresses[0]))
  await spread(clients, 2)
  const of = async (loop: number) => {
    const loops = await Promise.all(clients.map(client => client.loop()))
    return clients.filter((_, index) => loops[index] === loop)
  }
  const [stay, die] = [await of(0), await of(1)]
  const warned = warning()
  die[0]?.send('throw')
  t.match(await warned, {
    name: 'RevioWarning',
    message: /^loop 1 died: as it was asked to; another takes its place$/,
    cause: { message: 'as it was asked to' },
  })
  await Promise.all(die.map(client => client.closed()))
  for (const client of stay) await client.send('still').until(received => received.endsWith('still'))
  t.equal(server.stats().connections, 5)
  const later: Client[] = []
  while (!later.some(client => client.received.startsWith('1'))) {
    const client = new Client(server.addresses[0])
    later.push(client)
    await client.loop()
  }
  t.equal(server.stats().connections, 5 + later.length)
  server.shutdown()
  await running
})

t.test('without restart the others go on, and the death of the last one is the end', { skip }, async t => {
  const running = serveLoops(echo, { loops: 2 }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const [first, second] = [new Client(server.addresses[0]), new Client(server.addresses[0])]
  const loops = [await first.loop(), await second.loop()]
  t.strictSame(loops, [0, 1])
  const warned = warning()
  first.send('exit')
  t.match(await warned, { message: /^loop 0 died: its thread ended with exit code 7; 1 of 2 are left$/ })
  const third = new Client(server.addresses[0])
  t.equal(await third.loop(), 1)
  const last = warning()
  second.send('throw')
  t.match(await last, { message: /^loop 1 died: as it was asked to; 0 of 2 are left$/ })
  await t.rejects(running, { message: 'as it was asked to' })
})

t.test(
  'a loop is killed in the midst of ten thousand connections, and nobody else notices',
  { skip },
  async t => {
    const running = serveLoops(echo, { loops: 4, restart: true }, 'tcp://127.0.0.1:0')
    const server = await running.listening
    let served = 0
    const lost: number[] = []
    const warned = warning()
    const client = async (number: number) => {
      const peer = new Client(server.addresses[0])
      try {
        await peer.loop()
        // The killer does not outlive what it does.
        const word = number === 5000 ? 'throw' : 'x'
        await peer.send(word).until(received => received.endsWith('x'))
        served++
      } catch {
        lost.push(Number.parseInt(peer.received, 10))
      }
      await peer.close()
    }
    let next = 0
    const work = async () => {
      while (next < 10_000) await client(next++)
    }
    await Promise.all(Array.from({ length: 64 }, work))
    const { message } = await warned
    const dead = Number(/^loop (\d)/.exec(message)?.[1])
    t.equal(served + lost.length, 10_000)
    // Those that the dead loop had: a quarter of those at work, at most a few more that were on the way to it.
    t.ok(lost.length <= 64, `${lost.length} lost`)
    t.strictSame(
      lost.filter(loop => loop !== dead && !Number.isNaN(loop)),
      [],
      'of the other loops',
    )
    server.shutdown()
    await running
  },
)
