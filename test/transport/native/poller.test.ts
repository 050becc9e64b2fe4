import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import * as net from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { inetAddress } from '../../../lib/address.js'
import {
  EVENT_SIZE,
  INDEX,
  type Names,
  type Poller,
  Source,
  systemError,
  WRITE_SIZE,
} from '../../../lib/transport/native/addon.js'
import { openDescriptors } from '../descriptors.js'
import { addon, closesAll, connectTo, numbers, record, skip, slab, until } from './harness.js'

const before = openDescriptors()

function make(input = 65_536) {
  const writes = numbers(4 * WRITE_SIZE)
  const poller = new (addon().Poller)(slab(input), slab(1024), numbers(4 * EVENT_SIZE), writes, () => {})
  return { poller, writes }
}

/** Asks for one write, and answers its result. */
function write(poller: Poller, writes: Int32Array, record: number[], lent: Uint8Array[] = []): number {
  writes.set(record)
  poller.flush(1, lent)
  return writes[3] ?? Number.NaN
}

function code(fault: number): string | undefined {
  return fault < 0 ? systemError(fault).code : undefined
}

await t.test('a slot that is gone reaches nobody, and not the next one at its index', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const first = await host.connect(address)
  const { slot } = first.heard.link as unknown as { slot: number }
  first.heard.link.close({ reset: false })
  await setImmediate()
  await setImmediate()
  const second = await host.connect(address)
  const { slot: next } = second.heard.link as unknown as { slot: number }
  t.equal(next & INDEX, slot & INDEX, 'the index is used again')
  t.not(next, slot, 'the slot is not')
  const { poller } = host.transport
  for (const fault of [
    poller.close(slot, true),
    poller.end(slot),
    poller.read(slot, false),
    poller.release(slot),
    poller.tune(slot, 1, 1),
    poller.names(slot) as number,
  ]) {
    t.equal(code(fault), 'EBADF')
  }
  t.equal(host.write(first.heard, Buffer.from('stray')), 0)
  t.match(first.heard.link.failure, { code: 'EBADF' })
  t.equal(host.write(second.heard, Buffer.from('own')), 3)
  second.client.write('still read')
  await until('the input', () => second.heard.text === 'still read')
  const [bytes] = await new Promise<Buffer[]>(resolve => second.client.once('data', (...all) => resolve(all)))
  t.equal(String(bytes), 'own')
  first.client.destroy()
  second.client.destroy()
})

await t.test(
  'what closes in a turn is let go of after it: its index is not used before',
  { skip },
  async t => {
    const events = numbers(4 * EVENT_SIZE)
    const writes = numbers(WRITE_SIZE)
    // Indices since the last immediate, which comes after all turns of a poll.
    let indices: number[] = []
    let accepted = 0
    let most = 0
    const turn = (count: number) => {
      if (indices.length === 0) setImmediate().then(() => (indices = []))
      for (let at = 0; at < count * EVENT_SIZE; at += EVENT_SIZE) {
        const slot = events[at] ?? -1
        if (indices.includes(slot & INDEX)) t.fail(`index ${slot & INDEX} is used twice`)
        indices.push(slot & INDEX)
        if (poller.close(slot, true) !== 0) t.fail('it cannot be closed')
        accepted++
      }
      most = Math.max(most, indices.length)
    }
    const poller = new (addon().Poller)(slab(65_536), slab(1), events, writes, turn)
    t.teardown(() => poller.stop())
    const [, port] = poller.names(poller.listen('127.0.0.1', 0, 0, 1000, 511, true, false)) as Names
    const clients = Array.from({ length: 200 }, () => connectTo(inetAddress('tcp', '127.0.0.1', port)))
    await Promise.all(clients.map(client => once(client, 'connect')))
    poller.start()
    await until('all of them', () => accepted === clients.length)
    t.ok(most > 4, 'one poll took several turns, of four events at most')
  },
)

await t.test('a write record names bytes that are there, or is refused', { skip }, async t => {
  const { poller, writes } = make()
  t.teardown(() => poller.stop())
  const slot = poller.listen('127.0.0.1', 0, 0, 1, 1, true, false)
  const detached = new Uint8Array(8)
  structuredClone(detached, { transfer: [detached.buffer] })
  const wrong: [string, number[], Uint8Array[]?][] = [
    ['past the stage', [slot, Source.StagingBuffer, 1000, 25]],
    ['past the input', [slot, Source.Input, 65_530, 7]],
    ['far past the input', [slot, Source.Input, -1, 1]],
    ['a negative length', [slot, Source.StagingBuffer, 0, -1]],
    ['a buffer that did not come along', [slot, Source.Lent, 0, 1]],
    ['a source that is none', [slot, -1, 0, 1]],
    ['past a lent buffer', [slot, Source.Lent, 4, 5], [new Uint8Array(8)]],
    ['a buffer that was given away', [slot, Source.Lent, 0, 1], [detached]],
    ['something that is no bytes', [slot, Source.Lent, 0, 1], ['text' as unknown as Uint8Array]],
  ]
  for (const [what, record, lent] of wrong) {
    t.equal(code(write(poller, writes, record, lent)), 'EFAULT', what)
  }
  t.equal(code(poller.flush(5, [])), 'EINVAL', 'more records than there is room for')
})

await t.test('behind a record that could not be written none of its slot is', { skip }, async t => {
  const { poller, writes } = make()
  t.teardown(() => poller.stop())
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const slot = poller.connect('127.0.0.1', (server.address() as net.AddressInfo).port)
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  writes.set([slot, Source.Lent, 0, 3, slot, Source.StagingBuffer, 0, 9999, slot, Source.Lent, 0, 3])
  poller.flush(3, [Buffer.from('one')])
  t.equal(writes[3], 3)
  t.equal(code(writes[7] ?? 0), 'EFAULT')
  t.equal(writes[11], 0)
  poller.end(slot)
  let text = ''
  for await (const bytes of socket) text += bytes
  t.equal(text, 'one')
  server.close()
})

await t.test('what is wrong with an address is said with the name of the call', { skip }, async t => {
  const { poller } = make()
  t.teardown(() => poller.stop())
  t.match(systemError(poller.listen('no number', 0, 0, 1, 1, true, false)), {
    code: 'EINVAL',
    syscall: 'bind',
  })
  t.match(systemError(poller.listen('192.0.2.1', 0, 0, 1, 1, true, false)), {
    message: 'bind EADDRNOTAVAIL: address not available',
    code: 'EADDRNOTAVAIL',
    syscall: 'bind',
  })
  t.match(systemError(poller.listenUnix('x'.repeat(200), 0, 1, 1, -1)), {
    code: 'ENAMETOOLONG',
    syscall: 'bind',
  })
  t.match(systemError(poller.listenUnix('/no/such/folder/socket', 0, 1, 1, -1)), {
    code: 'ENOENT',
    syscall: 'bind',
  })
  t.match(systemError(poller.connectUnix('/no/such/socket')), { code: 'ENOENT', syscall: 'connect' })
})

await t.test('a poller that has stopped, or was made wrongly, throws', { skip }, async t => {
  const { poller } = make()
  poller.stop()
  t.throws(() => poller.start(), { code: 'ERR_NATIVE' })
  t.throws(() => poller.read.call({} as Poller, 1, true), TypeError)
  t.throws(() => (poller.read as () => number).call(make().poller), { code: 'ERR_NATIVE' })
  t.throws(() => make(1024), { code: 'ERR_NATIVE' }, 'too little room for one read')
})

await closesAll(t, before)
