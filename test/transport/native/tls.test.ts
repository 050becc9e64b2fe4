import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { openDescriptors } from '../descriptors.js'
import { closesAll, until } from './harness.js'
import { certificates, receive, recordSecurely, secureClient, serverSecurity, skip } from './tls-harness.js'

const before = openDescriptors()

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  await t.test(
    `${maxVersion}: 24 MiB come back whole from an echo, to one who reads slowly`,
    { skip },
    async t => {
      const made = certificates()
      const host = recordSecurely(t)
      const address = await host.listenSecurely(serverSecurity({ ...made.server, maxVersion }))
      host.echo()
      const client = await secureClient(t, address, { ca: made.ca })
      t.equal(client.getProtocol(), maxVersion)
      const sent = randomBytes(24 * 1024 * 1024)
      client.write(sent)
      client.pause()
      await sleep(300)
      const got: Buffer[] = []
      let size = 0
      client.on('data', bytes => {
        got.push(bytes)
        size += bytes.length
        if (size % 7 === 0) {
          client.pause()
          setTimeout(() => client.resume(), 1)
        }
      })
      client.resume()
      await until('all of it', () => size >= sent.length)
      t.ok(Buffer.concat(got).equals(sent))
      const [heard] = host.heard
      t.ok(heard?.outbox.empty)
      client.end()
      await until('the end', () => heard?.ends === 1)
      t.strictSame(heard?.errors, [])
      heard?.link.end()
      await until('its close', () => client.closed)
      heard?.link.close({ reset: false })
    },
  )
}

await t.test('small messages, one after the other and many at once', { skip }, async t => {
  const made = certificates()
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(made.server))
  host.echo()
  const client = await secureClient(t, address, { ca: made.ca })
  for (let round = 0; round < 100; round++) {
    client.write(`${round};`)
    t.equal(String(await receive(client, 3 - (round < 10 ? 1 : 0))), `${round};`)
  }
  const many = Array.from({ length: 1000 }, (_, index) => `${index};`)
  for (const message of many) client.write(message)
  t.equal(String(await receive(client, many.join('').length)), many.join(''))
  const [heard] = host.heard
  t.match(heard?.link.tls, { protocol: 'TLSv1.3', servername: 'localhost', reused: false, authorized: false })
  heard?.link.close({ reset: false })
})

await closesAll(t, before)
