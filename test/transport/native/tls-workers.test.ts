import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import * as tls from 'node:tls'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { openDescriptors } from '../descriptors.js'
import { closesAll, Program, until } from './harness.js'
import { certificates, skip } from './tls-harness.js'

const before = openDescriptors()

async function startThread(): Promise<{ worker: Worker; port: number }> {
  const workerData = certificates().server
  const worker = new Worker(new URL('fixtures/secure-thread.js', import.meta.url), {
    workerData,
    execArgv: [],
  })
  const [port] = (await once(worker, 'message')) as [number]
  return { worker, port }
}

/** A client that keeps sending what comes back, and connects anew every few rounds. */
function churn(port: number) {
  const state = { rounds: 0, closed: false }
  let left = 5
  const connect = () => {
    const client = tls.connect({ host: '127.0.0.1', port, ca: certificates().ca, servername: 'localhost' })
    client.on('error', () => {})
    client.on('secureConnect', () => client.write('x'.repeat(20_000)))
    let finished = false
    client.on('data', bytes => {
      if (finished) return
      state.rounds++
      finished = left-- === 0
      if (finished) client.destroy()
      else client.write(bytes)
    })
    client.on('close', () => {
      if (!finished) state.closed = true
      else {
        left = 5
        connect()
      }
    })
  }
  connect()
  return state
}

await t.test('threads ended in the midst of handshakes and traffic', { skip }, async t => {
  const threads = await Promise.all(Array.from({ length: 3 }, startThread))
  const clients = threads.map(({ port }) => Array.from({ length: 8 }, () => churn(port)))
  await until('traffic', () => clients.flat().every(({ rounds }) => rounds > 20))
  for (const [index, { worker }] of threads.entries()) {
    await worker.terminate()
    await until('the end of its connections', () => clients[index]?.every(({ closed }) => closed) === true)
    const others = clients.slice(index + 1).flat()
    const counts = others.map(({ rounds }) => rounds)
    await until('the others to go on', () => others.every(({ rounds }, at) => rounds > (counts[at] ?? 0)))
  }
  t.pass()
})

await t.test('a process goes on whose last thread with the addon has ended', { skip }, async t => {
  const { cert, key } = certificates().server
  const args = [cert, key].map(text => Buffer.from(text).toString('base64'))
  const program = new Program(t, 'secure-unload', { args })
  t.strictSame(await program.ended(), { code: 0, signal: null }, program.errors)
  t.equal(program.output, 'alive\n')
})

await closesAll(t, before)
