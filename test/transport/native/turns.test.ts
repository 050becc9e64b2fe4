import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { inetAddress } from '../../../lib/address.js'
import { EVENT_SIZE, type Names, WRITE_SIZE } from '../../../lib/transport/native/addon.js'
import { openDescriptors } from '../descriptors.js'
import { addon, closesAll, connectTo, numbers, record, rests, skip, slab, until } from './harness.js'

const before = openDescriptors()

await t.test('ticks and promises run before the next turn, even of the same poll', { skip }, async t => {
  const events = numbers(2 * EVENT_SIZE)
  let turns = 0
  let ticks = 0
  let promises = 0
  let accepted = 0
  let turnsOfPoll = 0
  let most = 0
  const turn = (count: number) => {
    if (ticks !== turns || promises !== turns) t.fail(`${turns} turns, ${ticks} ticks, ${promises} promises`)
    turns++
    accepted += count
    if (turnsOfPoll === 0) setImmediate(() => (turnsOfPoll = 0))
    most = Math.max(most, ++turnsOfPoll)
    process.nextTick(() => ticks++)
    Promise.resolve().then(() => promises++)
  }
  const writes = numbers(WRITE_SIZE)
  const poller = new (addon().Poller)(slab(65_536), slab(1), events, writes, turn)
  t.teardown(() => poller.stop())
  const [, port] = poller.names(poller.listen('127.0.0.1', 0, 0, 1000, 511, true, false)) as Names
  const clients = Array.from({ length: 40 }, () => connectTo(inetAddress('tcp', '127.0.0.1', port)))
  await Promise.all(clients.map(client => once(client, 'connect')))
  poller.start()
  await until('all of them', () => accepted === clients.length)
  t.ok(most > 1, 'there were several turns in a poll')
  for (const client of clients) client.destroy()
})

await t.test('timers and immediates run while sockets never rest', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  let echoes = 0
  const pairs = await Promise.all(Array.from({ length: 8 }, () => host.connect(address)))
  for (const heard of host.heard) {
    heard.onInput = bytes => {
      echoes++
      host.write(heard, Buffer.from(bytes))
    }
  }
  for (const { client } of pairs) {
    client.on('data', bytes => client.write(bytes))
    client.write('round and round')
  }
  for (let round = 0; round < 20; round++) {
    const started = echoes
    await new Promise(resolve => setTimeout(resolve, 1))
    await new Promise(resolve => setImmediate(resolve))
    await until('traffic meanwhile', () => echoes > started)
  }
  t.pass()
  for (const { client } of pairs) client.destroy()
})

await t.test('one turn reads 64 KiB of a connection, and loses nothing of what waits', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.link.read(false)
  const bytes = Buffer.alloc(1_000_000, 'abcdefg')
  client.end(bytes)
  // What the kernel does not take yet stays with the client.
  await sleep(20)
  const turnOf: number[] = []
  heard.onInput = () => turnOf.push(host.turns)
  heard.link.read(true)
  await until('the end', () => heard.ends === 1)
  t.equal(new Set(turnOf).size, turnOf.length, 'one input a turn')
  t.ok(heard.inputs.every(({ length }) => length <= 65_536))
  t.ok(
    heard.inputs.some(({ length }) => length === 65_536),
    'there was more than one turn could take',
  )
  t.ok(Buffer.concat(heard.inputs).equals(bytes))
})

await t.test('more than the slab holds is read in turns of its own', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const pairs = await Promise.all(Array.from({ length: 12 }, () => host.connect(address)))
  for (const heard of host.heard) heard.link.read(false)
  for (const [index, { client }] of pairs.entries()) client.end(Buffer.alloc(150_000, index + 1))
  await sleep(20)
  let bytesOfTurn = 0
  let most = 0
  for (const heard of host.heard) heard.onInput = ({ length }) => (bytesOfTurn += length)
  host.onTurnEnds = () => {
    most = Math.max(most, bytesOfTurn)
    bytesOfTurn = 0
  }
  for (const heard of host.heard) heard.link.read(true)
  await until('all ends', () => host.heard.every(({ ends }) => ends === 1))
  t.ok(most <= 256 * 1024, 'a turn never has more than the slab')
  const sums = host.heard.map(({ inputs }) => new Set(Buffer.concat(inputs)).size)
  t.ok(
    sums.every(kinds => kinds === 1),
    "nobody got another one's bytes",
  )
  t.ok(host.heard.every(({ inputs }) => Buffer.concat(inputs).length === 150_000))
})

await t.test('what is not to be read costs nothing, and is there when it is', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.link.read(false)
  client.write('first')
  await sleep(10)
  const { turns } = host
  t.ok(await rests(), 'the event loop rests')
  t.equal(host.turns, turns)
  t.equal(heard.text, '')
  heard.link.read(true)
  await until('the input', () => heard.text === 'first')
  heard.link.read(false)
  heard.link.read(true)
  client.write(', second')
  await until('more', () => heard.text === 'first, second')
  client.destroy()
})

await closesAll(t, before)
