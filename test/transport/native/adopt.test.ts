import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import * as net from 'node:net'
import t, { type Test } from 'tap'
import { systemError } from '../../../lib/transport/native/addon.js'
import { plainDescriptor } from '../../../lib/transport/native/plain-socket.js'
import type { Dialer } from '../../../lib/transport/transport.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, Heard, type Recorder, record, skip, temporaryPath, until } from './harness.js'

const before = openDescriptors()

/** Both ends of a connection that `node:net` has made. */
async function pair(t: Test, path?: string): Promise<{ ours: net.Socket; theirs: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true })
  await once(server.listen(path ?? { port: 0, host: '127.0.0.1' }), 'listening')
  const { port } = (path === undefined ? server.address() : { port: 0 }) as net.AddressInfo
  const theirs = path === undefined ? net.connect({ port, host: '127.0.0.1' }) : net.connect({ path })
  theirs.on('error', () => {})
  const [ours] = (await once(server, 'connection')) as [net.Socket]
  server.close()
  t.teardown(() => theirs.destroy())
  return { ours, theirs }
}

function attach(host: Recorder, socket: net.Socket): Heard {
  let heard: Heard | undefined
  const dialer: Dialer = {
    connected: (_transport, link) => (heard = new Heard(link, -1)),
    failed: error => {
      throw error
    },
  }
  host.transport.attach(socket, dialer)
  if (heard === undefined) throw new Error('it was not connected')
  return heard
}

for (const network of ['tcp', 'unix']) {
  await t.test(`a ${network} socket goes on in the poller, from the byte where it was`, { skip }, async t => {
    const host = record(t)
    const { ours, theirs } = await pair(t, network === 'unix' ? temporaryPath(t) : undefined)
    const wrote = ours.write('in front, ')
    t.ok(wrote)
    theirs.write('read already, ')
    ours.resume()
    ours.pause()
    ours.once('readable', () => {})
    await until('something to be read', () => ours.readableLength > 0)
    const heard = attach(host, ours)
    t.equal(heard.text, 'read already, ', 'what the socket had read comes first')
    t.ok(ours.destroyed)
    theirs.write('and the rest')
    await until('the rest', () => heard.text === 'read already, and the rest')
    let got = ''
    theirs.on('data', bytes => (got += bytes))
    t.equal(host.write(heard, Buffer.from('behind')), 6)
    await until('both', () => got === 'in front, behind')
    const { remote } = heard.link.addresses()
    t.ok(remote.network.startsWith(network))
    if (network === 'tcp') t.equal(remote.port, (theirs.address() as net.AddressInfo).port)
    theirs.end()
    await until('the end', () => heard.ends === 1)
    heard.link.end()
    await once(theirs, 'end')
    heard.link.close({ reset: false })
  })
}

await t.test('an end that came before is told', { skip }, async t => {
  const host = record(t)
  const { ours, theirs } = await pair(t)
  theirs.end()
  ours.resume()
  await once(ours, 'end')
  const heard = attach(host, ours)
  await until('the end', () => heard.ends === 1)
  heard.link.close({ reset: false })
})

await t.test(
  'what was read already goes along with a connection that is given away at once',
  { skip },
  async t => {
    const host = record(t)
    const { ours, theirs } = await pair(t)
    theirs.write('early ')
    ours.once('readable', () => {})
    await until('something to be read', () => ours.readableLength > 0)
    let given: net.Socket | undefined
    host.transport.attach(ours, {
      connected(_transport, link) {
        given = link.detach([Buffer.from('and ')])
        return new Heard(link, -1)
      },
      failed() {},
    })
    theirs.end('late')
    let text = ''
    for await (const bytes of given ?? []) text += bytes
    given?.destroy()
    t.equal(text, 'early and late')
  },
)

await t.test('a socket with something of its own between is left alone', { skip }, async t => {
  const { ours, theirs } = await pair(t)
  t.type(plainDescriptor(ours), 'number')
  ours.setEncoding('utf8')
  t.equal(plainDescriptor(ours), undefined, 'decoded')
  t.equal(plainDescriptor(new (class extends net.Socket {})()), undefined, 'of another class')
  t.equal(plainDescriptor(new net.Socket()), undefined, 'not connected')
  theirs.pause()
  theirs.write(Buffer.alloc(30_000_000))
  t.equal(plainDescriptor(theirs), undefined, 'with output that waits')
  ours.destroy()
  t.equal(plainDescriptor(ours), undefined, 'destroyed')
})

await t.test('a descriptor that was released is taken back', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  const { poller } = host.transport
  const fd = poller.release((heard.link as unknown as { slot: number }).slot)
  await new Promise(resolve => setImmediate(resolve))
  const slot = poller.adopt(fd, false)
  t.ok(slot >= 0)
  t.match(systemError(poller.adopt(fd, false)), { code: 'EEXIST' }, 'once')
  t.equal(poller.close(slot, false), 0)
  await once(client.resume(), 'end')
  client.destroy()
})

await t.test('what is no connected stream is refused, and stays open', { skip }, async t => {
  const { poller } = record(t).transport
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const listening = (server as unknown as { _handle: { fd: number } })._handle.fd
  const file = openSync('/dev/null', 'r')
  const refused: [number, string][] = [
    [file, 'ENOTSOCK'],
    [listening, 'ENOTCONN'],
    [-1, 'EBADF'],
    [99_999, 'EBADF'],
  ]
  for (const [fd, code] of refused) {
    for (const copy of [false, true]) t.match(systemError(poller.adopt(fd, copy)), { code })
  }
  closeSync(file)
  server.close()
  await once(server, 'close')
})

await closesAll(t, before)
