import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import t from 'tap'
import { inetAddress, parseAddress } from '../../../lib/address.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, Heard, Program, record, skip, until } from './harness.js'

const before = openDescriptors()
const linux = process.platform === 'linux' ? skip : 'needs /proc'

/** The sockets that this process has open, as the system names them. */
function sockets(): string[] {
  const found: string[] = []
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      found.push(readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      // The one that the folder was read with.
    }
  }
  return found.filter(name => name.startsWith('socket:'))
}

await t.test('no descriptor is inherited by a child', { skip: linux }, async t => {
  const others = sockets()
  const host = record(t)
  const { client } = await host.connect(await host.listen())
  const listener = await host.listen('tcp6://[::1]:0')
  host.transport.dial(parseAddress(String(listener)), {
    connected: (_transport, link) => new Heard(link, -1),
    failed: error => t.error(error),
  })
  await until('the dialled one', () => host.heard.length === 2)
  const own = sockets().filter(name => !others.includes(name))
  t.equal(own.length, 6, 'two listeners, and both ends of two connections')
  const child = execFileSync('ls', ['-l', '/proc/self/fd'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  }).toString()
  t.strictSame(
    own.filter(name => child.includes(name)),
    [],
  )
  client.destroy()
})

for (const whose of ['listener', 'connection', 'dialled']) {
  await t.test(`descriptor 0 is as good as any other: for a ${whose}`, { skip: linux }, async t => {
    const program = new Program(t, 'zero', { args: [whose] })
    const client = connectTo(inetAddress('tcp', '127.0.0.1', await program.port()))
    client.write('hello')
    const [bytes] = await once(client, 'data')
    t.match(String(bytes), /^socket:\[\d+\] hello$/, 'descriptor 0 is a socket')
    client.end()
    await once(client, 'close')
    t.strictSame(await program.ended(), { code: 0, signal: null }, program.errors)
  })
}

await closesAll(t, before)
