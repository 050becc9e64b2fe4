import { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parseAddress } from '../../../lib/address.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, Heard, record, skip, temporaryPath, until } from './harness.js'

const before = openDescriptors()

await t.test('dialling ends in a link or in an error', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const dial = (to: string) =>
    new Promise<Heard>((resolve, reject) => {
      host.transport.dial(parseAddress(to), {
        connected(_transport, link) {
          const heard = new Heard(link, -1)
          resolve(heard)
          return heard
        },
        failed: reject,
      })
    })
  const near = await dial(String(address))
  await until('the other end', () => host.heard.length === 1)
  const [far] = host.heard
  if (far === undefined) throw new Error('nobody is there')
  host.write(near, Buffer.from('hello'))
  await until('the input', () => far.text === 'hello')
  host.write(far, Buffer.from('hi'))
  await until('the answer', () => near.text === 'hi')
  t.equal(String(near.link.addresses().remote), String(address))
  const path = temporaryPath(t)
  await host.listen(`unix://${path}`)
  t.equal((await dial(`unix://${path}`)).link.addresses().remote.path, path)
  near.link.close({ reset: false })

  host.transport.unbind()
  const open = openDescriptors()
  await t.rejects(dial(String(address)), { code: 'ECONNREFUSED', syscall: 'connect' })
  await t.rejects(dial(`unix://${path}`), { code: 'ENOENT', syscall: 'connect' })
  await t.rejects(dial('tcp4://no-such-host.invalid:1'), { message: /getaddrinfo/ })
  t.equal(openDescriptors(), open, 'what failed holds no descriptor')
})

await t.test('a dial that is given up leaves nothing behind and tells nobody', { skip }, async t => {
  const host = record(t)
  const address = await host.listen()
  const open = openDescriptors()
  let calls = 0
  const dialer = {
    connected: (_transport: unknown, link: Heard['link']) => {
      calls++
      return new Heard(link, -1)
    },
    failed: () => {
      calls++
    },
  }
  const targets = [String(address), 'tcp4://localhost:1', 'unix:///no/such/socket']
  const giveUps = targets.map(target => host.transport.dial(parseAddress(target), dialer))
  for (const giveUp of giveUps) giveUp()
  await sleep(50)
  t.equal(calls, 0)
  for (const heard of host.heard) heard.link.close({ reset: false })
  t.equal(openDescriptors(), open)
})

await closesAll(t, before)
