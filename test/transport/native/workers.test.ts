import { once } from 'node:events'
import type * as net from 'node:net'
import type { Worker } from 'node:worker_threads'
import t from 'tap'
import { inetAddress } from '../../../lib/address.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, Program, skip, until } from './harness.js'
import { startEcho } from './thread.js'

const before = openDescriptors()

/** A thread with an echo server of its own, and where that listens. */
async function startThread(): Promise<{ worker: Worker; port: number }> {
  const worker = startEcho()
  const [port] = (await once(worker, 'message')) as [number]
  return { worker, port }
}

/** A client that keeps sending what comes back. */
function churn(port: number): { client: net.Socket; rounds: () => number } {
  const client = connectTo(inetAddress('tcp', '127.0.0.1', port))
  let count = 0
  client.on('data', bytes => {
    count++
    client.write(bytes)
  })
  client.write('round and round')
  return { client, rounds: () => count }
}

await t.test('several threads have a loop each, and end while busy', { skip }, async t => {
  const threads = await Promise.all(Array.from({ length: 4 }, startThread))
  const clients = threads.flatMap(({ port }) => Array.from({ length: 10 }, () => churn(port)))
  await until('traffic in all of them', () => clients.every(({ rounds }) => rounds() > 20))
  const [first, ...others] = threads
  await first?.worker.terminate()
  await until('the end of its connections', () =>
    clients.slice(0, 10).every(({ client }) => client.destroyed),
  )
  const counts = clients.slice(10).map(({ rounds }) => rounds())
  await until('the others to go on', () =>
    clients.slice(10).every(({ rounds }, i) => rounds() > (counts[i] ?? 0)),
  )
  await Promise.all(others.map(({ worker }) => worker.terminate()))
  await until('the end of all', () => clients.every(({ client }) => client.destroyed))
  t.pass()
})

await t.test('threads that come and go leave nothing behind', { skip }, async t => {
  const open = openDescriptors()
  for (let round = 0; round < 10; round++) {
    const { worker, port } = await startThread()
    const clients = Array.from({ length: 5 }, () => churn(port))
    await until('traffic', () => clients.every(({ rounds }) => rounds() > 3))
    await worker.terminate()
    await until('the end', () => clients.every(({ client }) => client.destroyed))
  }
  await until('descriptors back', () => openDescriptors() === open)
  t.pass()
})

await t.test('a thread that ends by itself in a turn', { skip }, async t => {
  const { worker, port } = await startThread()
  const client = connectTo(inetAddress('tcp', '127.0.0.1', port))
  client.write('exit')
  const [code] = (await once(worker, 'exit')) as [number]
  t.equal(code, 7)
})

await t.test('a process that ends in a turn', { skip }, async t => {
  const program = new Program(t, 'exit')
  const client = connectTo(inetAddress('tcp', '127.0.0.1', await program.port()))
  client.write('exit')
  t.strictSame(await program.ended(), { code: 7, signal: null }, program.errors)
})

await closesAll(t, before)
