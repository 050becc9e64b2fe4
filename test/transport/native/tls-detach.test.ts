import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { openDescriptors } from '../descriptors.js'
import { closesAll, rests, until } from './harness.js'
import { certificates, receive, recordSecurely, secureClient, serverSecurity, skip } from './tls-harness.js'
import { recordClient } from './tls-records.js'

/** Exceeds what the system buffers for a peer that does not read. */
const MORE_THAN_FITS = 48 * 1024 * 1024

const before = openDescriptors()

async function detached(t: Test, options: { maxVersion?: 'TLSv1.2'; unread?: string; stop?: boolean } = {}) {
  const { server, ca } = certificates()
  const host = recordSecurely(t)
  const { maxVersion = 'TLSv1.3', unread = '' } = options
  const address = await host.listenSecurely(serverSecurity({ ...server, maxVersion }))
  const client = await secureClient(t, address, { ca })
  client.on('error', () => {})
  client.write('hello')
  await until('input', () => host.heard[0]?.text === 'hello')
  const [heard] = host.heard
  if (heard === undefined) throw new Error('there is none')
  heard.link.read(false)
  client.write('kept by the kernel')
  host.write(heard, Buffer.from('from the loop;'))
  const socket = heard.link.detach([Buffer.from(unread)])
  t.teardown(() => socket.destroy())
  return { host, client, socket }
}

for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
  await t.test(`${maxVersion}: a detached socket carries the plain bytes, both ways`, { skip }, async t => {
    const { host, client, socket } = await detached(t, {
      ...(maxVersion === 'TLSv1.2' && { maxVersion }),
      unread: 'unread;',
    })
    t.equal(String(await receive(socket, 25)), 'unread;kept by the kernel')
    t.equal(String(await receive(client, 14)), 'from the loop;')
    t.equal(socket.remotePort, client.localPort)
    // It needs the transport no more.
    for (const { link } of host.heard.slice(1)) link.close({ reset: false })
    const sent = randomBytes(4 * 1024 * 1024)
    socket.write(sent)
    t.ok((await receive(client, sent.length)).equals(sent))
    client.write(sent)
    t.ok((await receive(socket, sent.length)).equals(sent))
    client.end('last')
    const ended = once(socket, 'end')
    t.equal(String(await receive(socket, 4)), 'last')
    await ended
    socket.end()
    await until('both closes', () => client.closed && socket.closed)
  })
}

await t.test('it ends with close_notify, and its peer may go on', { skip }, async t => {
  const { client, socket } = await detached(t)
  socket.end('bye')
  const end = once(client, 'end')
  t.equal(String(await receive(client, 17)), 'from the loop;bye')
  await end
  t.pass('in order')
})

await t.test('an end without close_notify is an error', { skip }, async t => {
  const { client, socket } = await detached(t)
  socket.resume()
  const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>
  client.destroy()
  const [error] = await failed
  t.equal(error.code, 'ECONNRESET')
})

await t.test('responses to key updates that its peer does not read stop the reading', { skip }, async t => {
  const { server, ca } = certificates()
  const host = recordSecurely(t)
  const client = await recordClient(t, await host.listenSecurely(serverSecurity(server)), ca)
  client.socket.write(client.data('hello'))
  await until('input', () => host.heard[0]?.text === 'hello')
  const socket = host.heard[0]?.link.detach([])
  if (socket === undefined) throw new Error('there is none')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('data', bytes => {
    text += bytes
  })
  client.socket.pause()
  socket.write(Buffer.alloc(MORE_THAN_FITS))
  const records = [client.data('first')]
  for (let count = 0; count < 6000; count++) records.push(client.keyUpdate(true))
  client.socket.write(Buffer.concat([...records, client.data(';last')]))
  await until('input', () => text === 'first')
  t.ok(await rests())
  t.equal(text, 'first', 'the rest waits behind the responses')
  client.socket.resume()
  await until('the rest', () => text === 'first;last')
  client.socket.destroy()
})

await t.test('it outlives the poller', { skip }, async t => {
  const { host, client, socket } = await detached(t)
  host.transport.unbind()
  host.transport.poller.stop()
  host.transport.close = () => {}
  socket.write('after it')
  t.equal(String(await receive(client, 22)), 'from the loop;after it')
  socket.destroy()
  await until('the close', () => client.closed)
})

await closesAll(t, before)
