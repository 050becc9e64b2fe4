import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client, spread } from './client.js'

const skip = nativeMissing() ?? false

const version = (name: string) => `
export default ({ index }) => ({
  opened: () => [index + ';', { context: { seen: 0 } }],
  data: (id, input, context) => ['${name}' + ++context.seen + ';'],
})`

t.test('a module is loaded anew in every loop, and connections keep their contexts', { skip }, async t => {
  const file = join(t.testdir({ 'handlers.mjs': version('a') }), 'handlers.mjs')
  const running = serveLoops(file, { loops: 2 }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const clients = Array.from({ length: 2 }, () => new Client(server.addresses[0]))
  await spread(clients, 2)
  for (const client of clients) await client.send('x').until(received => received.endsWith('a1;'))
  writeFileSync(file, version('b'))
  await server.reload()
  for (const client of clients) await client.send('x').until(received => received.endsWith('b2;'))
  writeFileSync(file, 'export default () => { throw new Error("half written") }')
  await t.rejects(server.reload(), { message: 'half written' })
  for (const client of clients) await client.send('x').until(received => received.endsWith('b3;'))
  await t.rejects(server.reload(5 as never), { code: 'ERR_OPTION' })
  server.shutdown()
  await running
  await t.rejects(server.reload(), { code: 'ERR_ENDED' })
})

t.test('reloads wait for each other, and for a loop that takes the place of another', { skip }, async t => {
  const file = join(t.testdir({ 'handlers.mjs': version('a') }), 'handlers.mjs')
  const running = serveLoops(file, { loops: 2, restart: true }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  await Promise.all([server.reload(), server.reload()])
  writeFileSync(file, version('b').replace('({ index }) => ({', '$&\n  message: () => process.exit(7),'))
  await server.reload()
  const died = once(process, 'warning')
  server.post('exit', { to: 0 })
  await died
  // The timer that starts the new loop was set before, so that loop is loading by now.
  await setTimeout(1)
  await server.reload()
  const clients = Array.from({ length: 2 }, () => new Client(server.addresses[0]))
  await spread(clients, 2)
  for (const client of clients) await client.send('x').until(received => received.endsWith('b1;'))
  const late = Promise.allSettled([server.reload(), server.reload()])
  server.shutdown()
  t.match(await late, [{ reason: { code: 'ERR_ENDED' } }, { reason: { code: 'ERR_ENDED' } }])
  await running
})
