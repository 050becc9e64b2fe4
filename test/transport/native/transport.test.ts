import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { inetAddress } from '../../../lib/address.js'
import { openDescriptors } from '../descriptors.js'
import {
  closesAll,
  connectTo,
  type Heard,
  type Recorder,
  record,
  rests,
  skip,
  temporaryPath,
  until,
} from './harness.js'

const before = openDescriptors()

/** All that a client gets until it is ended. */
async function received(client: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  client.on('data', bytes => chunks.push(bytes))
  await once(client, 'end')
  return Buffer.concat(chunks)
}

/** Keeps writing what is in an outbox whenever more goes. */
async function drain(host: Recorder, heard: Heard): Promise<void> {
  let told = heard.writables
  host.write(heard)
  while (heard.outbox.size > 0) {
    await until('room', () => heard.writables > told)
    told = heard.writables
    host.write(heard)
  }
}

await t.test('what is lent is written from where it lies', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  const bytes = Buffer.from('before')
  heard.outbox.lend(bytes, 0, bytes.length)
  heard.link.write(heard.outbox)
  bytes.write('after ')
  host.transport.flush()
  t.equal(heard.link.taken, 6)
  const [got] = await once(client, 'data')
  t.equal(String(got), 'after ', 'it was not copied when the write was asked for')
  client.destroy()
})

await t.test('what is echoed is written from the input, parts of it as well', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.onInput = bytes => {
    heard.outbox.lend(bytes, 2, 5)
    heard.outbox.lend(bytes.subarray(5), 0, 1)
    heard.outbox.lend(host.transport.stage.bytes, host.transport.stage.put('!', 1), 1)
    host.write(heard)
  }
  client.write('0123456789')
  const [got] = await once(client, 'data')
  t.equal(String(got), '2345!')
  client.destroy()
})

await t.test('many pieces of many connections go out in order', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const pairs = []
  for (let index = 0; index < 5; index++) pairs.push(await host.connect(address))
  const expected = pairs.map(() => [] as Buffer[])
  for (const [index, { heard }] of pairs.entries()) {
    // More than one call takes, and more than the records hold.
    for (let piece = 0; piece < 700; piece++) {
      const bytes = Buffer.from(`${index}:${piece} `)
      heard.outbox.lend(bytes, 0, bytes.length)
      expected[index]?.push(bytes)
    }
    heard.link.write(heard.outbox)
  }
  host.transport.flush()
  for (const [index, { client, heard }] of pairs.entries()) {
    t.equal(heard.link.taken, heard.outbox.size)
    heard.link.end()
    t.ok((await received(client)).equals(Buffer.concat(expected[index] ?? [])))
  }
})

await t.test('a slow peer gets every byte once, and the writer is told when more goes', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  client.pause()
  const bytes = Buffer.alloc(16 * 1024 * 1024)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(at, at)
  for (let at = 0; at < bytes.length; at += 100_000) {
    heard.outbox.lend(bytes, at, Math.min(at + 100_000, bytes.length))
    heard.outbox.append('', 0)
  }
  heard.link.write(heard.outbox)
  host.transport.flush()
  t.ok(heard.link.taken > 0 && heard.link.taken < bytes.length, `${heard.link.taken} bytes went at once`)
  heard.outbox.settle(heard.link.taken)
  const { turns } = host
  await sleep(20)
  t.equal(host.turns, turns, 'nothing happens while nothing goes')
  const all = received(client)
  client.resume()
  await until('room', () => heard.writables > 0)
  await drain(host, heard)
  heard.link.end()
  t.ok((await all).equals(bytes))
})

await t.test('one that was told and does not write is not told again', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  client.pause()
  const taken = host.write(heard, Buffer.alloc(16 * 1024 * 1024))
  client.resume()
  await until('room, and all to have arrived', () => heard.writables > 0 && client.bytesRead === taken)
  t.ok(await rests(), 'the event loop rests')
  t.equal(heard.writables, 1)
  client.destroy()
})

/** A link that is not read, whose peer has sent this much and then reset the connection. */
async function resetBehind(t: Test, amount: number) {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.link.read(false)
  await new Promise(resolve => client.write(Buffer.alloc(amount, 'x'), resolve))
  await sleep(10)
  client.resetAndDestroy()
  await sleep(10)
  return { host, heard }
}

await t.test('bytes that came before a reset are delivered before it', { skip }, async t => {
  const { heard } = await resetBehind(t, 100_000)
  heard.link.read(true)
  await until('the reset', () => heard.errors.length > 0)
  t.equal(Buffer.concat(heard.inputs).length, 100_000)
  t.strictSame([heard.ends, heard.errors.length], [0, 1])
  const message = 'recv ECONNRESET: connection reset by peer'
  t.match(heard.errors[0], { code: 'ECONNRESET', syscall: 'recv', message })
})

await t.test('bytes that came before a write failed are delivered all the same', { skip }, async t => {
  const { host, heard } = await resetBehind(t, 100_000)
  t.equal(host.write(heard, Buffer.from('too late')), 0)
  t.match(heard.link.failure, { code: /EPIPE|ECONNRESET/, syscall: 'send' })
  heard.link.read(true)
  // The write has taken the error: what is left for reading is an end.
  await until('the end', () => heard.ends + heard.errors.length > 0)
  t.equal(Buffer.concat(heard.inputs).length, 100_000)
})

await t.test('an end on either side leaves the other direction open', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const client = net.connect({ host: address.host, port: address.port, allowHalfOpen: true })
  client.end('question')
  await until('the end', () => host.heard[0]?.ends === 1)
  const [heard] = host.heard
  if (heard === undefined) throw new Error('nobody is there')
  t.equal(heard.text, 'question')
  const all = received(client)
  t.equal(host.write(heard, Buffer.from('answer')), 6)
  heard.link.end()
  t.equal(String(await all), 'answer')
  heard.link.close({ reset: false })
  client.destroy()
})

await t.test('after its end a link goes on reading', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const client = net.connect({ host: address.host, port: address.port, allowHalfOpen: true })
  await until('a connection', () => host.heard.length === 1)
  const [heard] = host.heard
  heard?.link.end()
  t.equal(String(await received(client)), '')
  client.end('still listening?')
  await until('the end', () => heard?.ends === 1)
  t.equal(heard?.text, 'still listening?')
})

await t.test('closing with a reset tells the peer so', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.link.close({ reset: true })
  const [error] = await once(client, 'error')
  t.match(error, { code: 'ECONNRESET' })
})

await t.test('a link that is given away is a socket with all that was not delivered', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  const at = new Promise<net.Socket>(resolve => {
    heard.onInput = bytes => {
      client.write(' three')
      const unread = [Buffer.from(bytes.subarray(0, 3)), Buffer.from(bytes.subarray(3))]
      resolve(heard.link.detach(unread))
    }
  })
  client.write('one two')
  const socket = await at
  let text = ''
  socket.on('data', bytes => (text += bytes))
  await until('everything', () => text === 'one two three')
  t.strictSame(heard.inputs.length, 1, 'the receiver hears nothing more')
  t.equal(socket.remotePort, client.localPort)
  client.end()
  await once(socket, 'end')
  socket.end('bye')
  t.equal(String(await received(client)), 'bye')
})

await t.test('addresses of both ends; IPv4 peers of an IPv6 listener read as IPv4', { skip }, async t => {
  const host = record(t)
  const { port } = await host.listen('tcp://:0')
  const four = connectTo(inetAddress('tcp', '127.0.0.1', port))
  await until('a connection', () => host.heard.length === 1)
  const ends = host.heard[0]?.link.addresses()
  t.match(ends, {
    local: { network: 'tcp4', host: '127.0.0.1', port },
    remote: { network: 'tcp4', host: '127.0.0.1', port: four.localPort },
  })
  four.destroy()
})

await t.test('tuning takes both options, together and alone', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  const { poller } = host.transport
  const { slot } = heard.link as unknown as { slot: number }
  heard.link.tune({ noDelay: false, keepAlive: 1500 })
  t.match(timer(client), /^keepalive in (1\d{3}|2000) ms$/, 'probes come in whole seconds')
  heard.link.tune({ keepAlive: 0 })
  t.notMatch(timer(client), /keepalive/)
  heard.link.tune({})
  t.equal(poller.tune(slot, 1, 1e6), 0, 'longer than the system takes counts as its longest')
  client.destroy()

  const unix = await host.connect(await host.listen(`unix://${temporaryPath(t)}`))
  unix.heard.link.tune({ noDelay: true, keepAlive: 1000 })
  t.equal(poller.tune((unix.heard.link as unknown as { slot: number }).slot, 1, 1), 0, 'nothing to tune')
  unix.client.destroy()
})

/** What the system is waiting for on the accepted end of a client's connection. */
function timer({ localPort, remotePort }: net.Socket): string {
  const hex = (port = 0) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/self/net/tcp', 'utf8').split('\n')
  const row = rows
    .map(row => row.trim().split(/\s+/))
    .find(([, local, remote]) => {
      return local?.endsWith(hex(remotePort)) === true && remote?.endsWith(hex(localPort)) === true
    })
  const [kind, ticks = ''] = row?.[5]?.split(':') ?? []
  return kind === '02' ? `keepalive in ${Number.parseInt(ticks, 16) * 10} ms` : `timer ${kind}`
}

await t.test('a Unix socket has its path, its mode, and is removed', { skip }, async t => {
  const host = record(t)
  const path = temporaryPath(t)
  const address = await host.listen(`unix://${path}?mode=600`)
  t.equal(String(address), `unix://${path}`)
  t.equal(statSync(path).mode & 0o777, 0o600)
  const { client, heard } = await host.connect(address)
  t.match(heard.link.addresses(), { local: { network: 'unix', path }, remote: { network: 'unix', path: '' } })
  await t.rejects(record(t).listen(`unix://${path}`), { code: 'EADDRINUSE' }, 'a live one is left alone')
  client.end('still there')
  await until('the end', () => heard.ends === 1)
  host.transport.unbind()
  t.throws(() => statSync(path), { code: 'ENOENT' })
})

await t.test(
  'what cannot be bound is said with the address, and leaves nothing behind',
  { skip },
  async t => {
    const host = record(t)
    const { port } = await host.listen()
    const open = openDescriptors()
    await t.rejects(host.listen(`tcp4://127.0.0.1:${port}`), {
      code: 'EADDRINUSE',
      message: `bind EADDRINUSE: address already in use 127.0.0.1:${port}`,
    })
    t.equal(openDescriptors(), open)
    const shared = await host.listen('tcp4://127.0.0.1:0?reuseport=true')
    const again = await host.listen(`tcp4://127.0.0.1:${shared.port}?reuseport=true`)
    t.equal(again.port, shared.port)
  },
)

await closesAll(t, before)
