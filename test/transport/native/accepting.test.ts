import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { inetAddress, parseAddress } from '../../../lib/address.js'
import type { Address } from '../../../lib/index.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, Program, record, rests, skip, until } from './harness.js'

const before = openDescriptors()

async function connectMany(address: Address, count: number): Promise<net.Socket[]> {
  const clients = Array.from({ length: count }, () => connectTo(address))
  await Promise.all(clients.map(client => once(client, 'connect')))
  return clients
}

await t.test('nobody is accepted before the start, and 64 at a time then', { skip }, async t => {
  const host = record(t)
  const address = await host.transport.bind(parseAddress('tcp4://127.0.0.1:0'), 7)
  const clients = await connectMany(address, 200)
  await sleep(10)
  t.equal(host.heard.length, 0)
  const counts: number[] = []
  let seen = 0
  host.onTurnEnds = () => {
    counts.push(host.heard.length - seen)
    seen = host.heard.length
  }
  host.transport.start()
  await until('all of them', () => host.heard.length === 200)
  t.ok(Math.max(...counts) === 64, `accepted in turns of ${counts}`)
  t.ok(host.heard.every(({ addressIndex }) => addressIndex === 7))
  for (const client of clients) client.destroy()
})

await t.test('at maxConnections a binding waits until one closes or is given away', { skip }, async t => {
  const host = record(t)
  const address = await host.listen('tcp4://127.0.0.1:0?maxConnections=3')
  const clients = await connectMany(address, 6)
  await until('three', () => host.heard.length === 3)
  t.ok(await rests(), 'the event loop rests')
  t.equal(host.heard.length, 3)
  host.heard[0]?.link.close({ reset: false })
  await until('a fourth', () => host.heard.length === 4)
  const socket = host.heard[1]?.link.detach([])
  await until('a fifth', () => host.heard.length === 5)
  await sleep(20)
  t.equal(host.heard.length, 5)
  socket?.destroy()
  for (const client of clients) client.destroy()
})

await t.test('peers that are gone before they are accepted harm nobody', { skip }, async t => {
  const host = record(t)
  const address = await host.transport.bind(parseAddress('tcp4://127.0.0.1:0'), 0)
  for (const client of await connectMany(address, 300)) client.resetAndDestroy()
  host.onAccepted = ({ link }) => link.addresses()
  host.transport.start()
  const client = connectTo(address)
  client.write('alive')
  await until('input', () => host.heard.some(({ text }) => text === 'alive'))
  const broken = host.heard.filter(({ text }) => text === '')
  t.ok(broken.length > 0)
  await until('their ends', () => broken.every(({ errors, ends }) => errors.length + ends === 1))
  t.ok(broken.every(({ errors: [error] }) => error === undefined || /^recv ECONNRESET: /.test(error.message)))
  client.destroy()
})

await t.test('both ends of a connection are known, and stay so when it is gone', { skip }, async t => {
  const host = record(t)
  const { port } = await host.listen('tcp4://0.0.0.0:0')
  const expected: unknown[] = []
  for (const name of ['127.0.0.1', '127.0.0.2', '127.0.0.2', '127.0.0.1']) {
    const client = connectTo(inetAddress('tcp', name, port))
    await once(client, 'connect')
    expected.push([`tcp4://${name}:${port}`, `tcp4://${client.localAddress}:${client.localPort}`])
    await until('it', () => host.heard.length === expected.length)
    client.destroy()
    await until('its end', () => host.heard.at(-1)?.ends === 1)
    host.heard.at(-1)?.link.close({ reset: false })
  }
  const ends = host.heard.map(({ link }) => link.addresses())
  t.same(
    ends.map(({ local, remote }) => [String(local), String(remote)]),
    expected,
  )
})

await t.test('a storm of resets while others work', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  host.onAccepted = heard => {
    heard.onInput = bytes => host.write(heard, bytes)
  }
  const { client } = await host.connect(address)
  let echoed = ''
  client.on('data', bytes => (echoed += bytes))
  for (let round = 0; round < 20; round++) {
    for (const other of await connectMany(address, 50)) other.resetAndDestroy()
    client.write('.')
  }
  await until('every echo', () => echoed.length === 20)
  await until('all of them', () => host.heard.length === 1001)
  t.pass()
  client.destroy()
})

/** CPU time of a process, in clock ticks of 10 ms. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

const linux = process.platform === 'linux' ? skip : 'needs /proc'

await t.test(
  'without descriptors accepting waits, and goes on when there are some',
  { skip: linux },
  async t => {
    const program = new Program(t, 'echo', { first: 'ulimit -n 64;' })
    const clients = await connectMany(inetAddress('tcp', '127.0.0.1', await program.port()), 200)
    const echoes = new Map(clients.map(client => [client, '']))
    const having = (echo: string) => clients.filter(client => echoes.get(client) === echo)
    for (const client of clients) {
      client.on('data', bytes => echoes.set(client, `${echoes.get(client)}${bytes}`))
      client.write('a')
    }
    await until('some to be served', () => having('a').length > 5)
    await sleep(100)
    const served = having('a')
    t.ok(served.length < 64, `${served.length} of 200 fit`)
    const pid = program.child.pid ?? 0
    const start = ticks(pid)
    await sleep(500)
    t.ok(ticks(pid) - start <= 10, `${ticks(pid) - start} ticks of CPU in half a second`)
    for (const client of served) client.write('b')
    await until('those to go on', () => having('ab').length === served.length)
    for (const client of served) client.destroy()
    await until('others to be served', () => having('a').length > 5)
    t.equal(program.child.exitCode, null)
    for (const client of clients) client.destroy()
  },
)

await closesAll(t, before)
