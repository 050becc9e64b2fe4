import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import { History } from '../../examples/dashboard/page/history.js'
import type { Hello, LoopSample, Message, Sample } from '../../examples/dashboard/page/message.js'
import { quantity, textOf } from '../../examples/dashboard/page/quantity.js'
import { built, root } from '../paths.js'
import { nativeMissing } from '../transport/native/missing.js'
import { ExampleProgram } from './program.js'

/** Without the addon there is no dealing out of connections. */
const LOOPS = nativeMissing() === undefined ? 2 : 1
/** Of four connections, those of each loop. */
const EACH = 4 / LOOPS
const loops = LOOPS === 1 ? [] : [`--loops=${LOOPS}`]
const program = new ExampleProgram('echo', ['--port=0', '--dashboard=0', ...loops])
t.teardown(() => program.stop())
const [, port] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); /)
const [, url = '', host = ''] = await program.says(/\nDashboard at (http:\/\/(127\.0\.0\.1:\d+)\/)\n/)

/** Exchanges some bytes, and stays. */
async function client(): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('hello')
  await once(socket, 'data')
  return socket
}

t.test('the page and all that it loads is there, and nothing else', async t => {
  const at = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init)
    return [response.status, response.headers.get('content-type')]
  }
  const page = await (await fetch(url)).text()
  const [, ...links] = page.match(/(?<=(?:href|src|"uplot": )=?")\/?[^"]+/g) ?? []
  t.ok(links.length >= 4)
  for (const link of links) t.match(await at(link.slice(1)), [200, /^text\/(css|javascript)/], link)
  t.strictSame((await at('style.css.map'))[0], 404)
  t.strictSame((await at('page/..%2f..%2f..%2f..%2fpackage.json'))[0], 404)
  t.strictSame((await at('', { method: 'POST' }))[0], 405)
})

t.test('samples of every loop come as long as a page is there', async t => {
  const clients = await Promise.all([client(), client(), client(), client()])
  const socket = new WebSocket(`ws://${host}/samples`)
  const messages: Message[] = []
  const hello = new Promise<Hello>(resolve => {
    socket.on('message', data => {
      const message: Message = JSON.parse(String(data))
      messages.push(message)
      if (message.type === 'hello') resolve(message)
    })
  })
  const { type, run, pid, samples, ...about } = await hello
  t.equal(pid, program.pid)
  t.match(about, {
    program: 'npm run echo',
    addresses: [`tcp4://127.0.0.1:${port}`],
    transport: /^(native|net)$/,
  })
  const sample = async (holds: (sample: Sample) => boolean) => {
    for (;;) {
      const message = messages.at(-1)
      if (message?.type === 'sample' && holds(message)) return message
      await once(socket, 'message')
    }
  }
  const first = await sample(({ loops }) => loops.every(({ events }) => events >= 2 * EACH))
  t.match(
    first.loops,
    Array(LOOPS).fill({ connections: EACH, accepted: EACH, bytesIn: 5 * EACH, bytesOut: 5 * EACH }),
  )
  t.ok(first.heapUsed > 0 && first.heapUsed <= first.heapTotal && first.heapTotal <= first.rss)
  for (const each of clients) each.destroy()
  const last = await sample(({ loops }) => loops.every(({ connections }) => connections === 0))
  t.ok(last.at > first.at && last.uptime > first.uptime)

  const again = new WebSocket(`ws://${host}/samples`)
  const [data] = await once(again, 'message')
  const { run: same, samples: missed }: Hello = JSON.parse(String(data))
  t.equal(same, run)
  t.ok(
    missed.some(({ at }) => at === first.at),
    'a page that comes later is told what was before',
  )
  again.terminate()
  socket.terminate()
})

t.test('a page of another site gets nothing', async t => {
  const statusFor = async (origin: string) => {
    const socket = new WebSocket(`ws://${host}/samples`, { origin })
    const [answer] = await Promise.race([
      once(socket, 'unexpected-response').then(([, response]) => [response.statusCode]),
      once(socket, 'open').then(() => [101]),
    ])
    socket.on('error', () => {})
    socket.terminate()
    return answer
  }
  t.equal(await statusFor(`http://${host}`), 101)
  t.equal(await statusFor('http://127.0.0.1:1'), 403)
  t.equal(await statusFor('null'), 403)
})

t.test('Prometheus can scrape every figure of every loop', async t => {
  const scrape = async () => {
    const response = await fetch(`${url}metrics`)
    t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
    return response.text()
  }
  const figure = (text: string, name: string, loop: number) =>
    Number(new RegExp(`^revio_${name}\\{loop="${loop}"\\} (\\S+)$`, 'm').exec(text)?.[1])
  const before = await scrape()
  const accepted = (text: string) => figure(text, 'connections_accepted_total', 0)
  const clients = await Promise.all([client(), client(), client(), client()])
  const text = await scrape()
  t.equal(accepted(text) - accepted(before), EACH)
  t.equal(figure(text, 'connections', LOOPS - 1), EACH)
  const kinds = new Map(
    [...text.matchAll(/^# TYPE revio_(\w+) (\w+)$/gm)].map(([, name = '', kind = '']) => [name, kind]),
  )
  const { simulate } = (await import(built('lib/testing.js'))) as typeof import('../../lib/testing.js')
  t.equal(kinds.size, Object.keys(simulate({}).server.stats()).length, 'all that stats() has')
  for (const [name, kind] of kinds) {
    t.equal(kind, name.endsWith('_total') ? 'counter' : 'gauge', name)
    t.match(text, new RegExp(`^# HELP revio_${name} [A-Z].*\\.$`, 'm'))
    for (let loop = 0; loop < LOOPS; loop++) t.ok(figure(text, name, loop) >= 0, `${name} of loop ${loop}`)
  }
  t.ok(figure(text, 'longest_turn_seconds', 0) < 60, 'seconds, not milliseconds')
  const guide = readFileSync(join(root, 'docs/guide/production.md'), 'utf8')
  const named = new Set(guide.match(/\b(?:revio|process)_\w+/g))
  t.ok(named.size > 10)
  for (const name of named)
    t.match(text, new RegExp(`^${name}(?:\\{.*\\})? \\d`, 'm'), `${name}, which the guide names`)
  for (const each of clients) each.destroy()
})

t.test('it ends in order with a page open, and its port is free again', async t => {
  const socket = new WebSocket(`ws://${host}/samples`)
  await once(socket, 'message')
  const closed = once(socket, 'close')
  t.equal(await program.stop(), 0)
  t.equal((await closed)[0], 1001)
  await t.rejects(fetch(url))
})

t.test('a dashboard that cannot be had ends the program, and says why', async t => {
  const busy = new ExampleProgram('echo', ['--port=0', '--dashboard=0'])
  t.teardown(() => busy.stop())
  const [, port] = await busy.says(/Dashboard at http:.*:(\d+)/)
  const second = new ExampleProgram('echo', ['--port=0', `--dashboard=${port}`])
  t.equal(await second.ended(), 1)
  t.match(second.errors, new RegExp(`^npm run echo: .*127\\.0\\.0\\.1:${port}`))
})

const none: LoopSample = {
  ...{ connections: 0, accepted: 0, bytesIn: 0, bytesOut: 0, pending: 0, events: 0, turns: 0 },
  ...{ recentTurn: 0, busy: 0, handshakes: 0, resumed: 0, handshakesFailed: 0 },
}

t.test('rates are what was counted between two samples, by the time between them', async t => {
  const history = new History(2)
  const at = (at: number, ...loops: Partial<LoopSample>[]) =>
    history.add({
      ...{ at, uptime: 1, rss: 3, heapUsed: 1, heapTotal: 2, arrayBuffers: 1 },
      loops: loops.map(loop => ({ ...none, ...loop })),
    })
  at(1000, { events: 10, busy: 5, turns: 3 }, {})
  t.equal(history.points.length, 0, 'one sample is no rate')
  at(3000, { events: 30, bytesIn: 4000, busy: 505, turns: 13, recentTurn: 7 }, { events: 2, connections: 4 })
  at(3000, {}, {})
  const [point] = history.points
  t.match(point?.loops, [
    { events: 10, bytesIn: 2000, busy: 0.25, meanTurn: 50, recentTurn: 7 },
    { events: 1, connections: 4, busy: 0, meanTurn: null },
  ])
  t.match(point?.total, { events: 11, connections: 4, busy: 0.25, meanTurn: 50, recentTurn: 7 })
  at(4000, {}, {})
  t.match(history.points.at(-1)?.total, { events: 0, bytesIn: 0 }, 'a loop that was replaced counts anew')
  at(5000, {}, {})
  t.equal(history.points.length, 2, 'the oldest goes')
})

t.test('figures have three digits and a unit', async t => {
  const text = (amount: number, kind: Parameters<typeof quantity>[1]) => textOf(quantity(amount, kind))
  t.strictSame(
    [0, 7, 999, 1000, 12_345, 999_600].map(amount => text(amount, 'count')),
    ['0', '7', '999', '1.00 k', '12.3 k', '1.00 M'],
  )
  t.strictSame(
    [0, 0.5, 12, 1234].map(amount => text(amount, 'rate')),
    ['0 /s', '0.50 /s', '12 /s', '1.23 k/s'],
  )
  t.strictSame(
    [0, 0.0123, 1.5, 60_000].map(amount => text(amount, 'time')),
    ['0 µs', '12.3 µs', '1.50 ms', '60.0 s'],
  )
  t.strictSame(
    [512, 3 * 2 ** 20].map(amount => text(amount, 'bytes')),
    ['512 B', '3.00 MiB'],
  )
  t.strictSame(
    [0, 0.0421, 1].map(amount => text(amount, 'share')),
    ['0%', '4.21%', '100%'],
  )
})
