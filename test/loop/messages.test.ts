import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { type Events, RevioError, type Server, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('a message to the loop itself comes in a turn of its own, as a copy', async t => {
  const got: unknown[] = []
  const simulation = simulate({
    data(id, input) {
      const text = { id, text: String(input) }
      simulation.server.post(text, { to: 0 })
      text.text = 'changed'
      got.push('data has returned')
    },
    message(payload, from) {
      got.push(payload, from)
    },
  })
  simulation.connect().send('x')
  t.strictSame(got, ['data has returned', { id: 1, text: 'x' }, 0])
})

t.test('a loop by itself has no others to post to', async t => {
  const simulation = simulate({ message: () => void t.fail('nobody else is there') })
  t.equal(simulation.server.post('x'), false)
  t.match(simulation.server, { index: 0, loops: 1 })
})

t.test('mistakes in posting are told', async t => {
  const { server } = simulate({})
  t.throws(() => server.post('x', { to: 1 }), { code: 'ERR_OPTION', message: /option to: .* received 1/ })
  t.throws(() => server.post('x', { too: 1 } as never), {
    code: 'ERR_OPTION',
    message: /unknown option "too"/,
  })
  t.throws(() => server.post(() => {}, { to: 0 }), { name: 'DataCloneError' })
})

t.test('what a worker thread posts on a port reaches a connection', async t => {
  let own: Server
  const events: Events = {
    serving(server) {
      own = server
      const port = server.port()
      const worker = new Worker(
        `const { workerData, parentPort } = require('node:worker_threads')
         parentPort.on('message', ({ id, number }) => workerData.postMessage({ id, result: number * number }))`,
        { eval: true, workerData: port, transferList: [port] },
      )
      t.teardown(() => worker.terminate())
      pool = worker
    },
    data(id, input) {
      pool?.postMessage({ id, number: Number(input) })
    },
    message(payload, from) {
      t.equal(from, -1)
      const { id, result } = payload as { id: number; result: number }
      own.send(id, String(result))
    },
  }
  let pool: Worker | undefined
  const running = serve(events, 'tcp://127.0.0.1:0')
  const { addresses, shutdown } = await running.listening.then(server => ({
    addresses: server.addresses,
    shutdown: () => server.shutdown(),
  }))
  let received = ''
  const client = serve({
    serving: server => void server.dial(String(addresses[0])),
    opened: () => ['12'],
    data(_id, input) {
      received += input
      return ['', 3]
    },
  })
  await client
  t.equal(received, '144')
  shutdown()
  await running
})

t.test('a message handler that throws is reported, and the loop goes on', async t => {
  const failures: unknown[] = []
  const simulation = simulate({
    message: () => {
      throw new RevioError('EPIPE', 'mine')
    },
    data: (_id, input) => [input],
    failed: (error, where) => void failures.push(error.message, where),
  })
  simulation.server.post('x', { to: 0 })
  t.strictSame(failures, ['mine', { id: 0, handler: 'message' }])
  t.equal(simulation.connect().send('still here').received, 'still here')
})

t.test('after the end nobody gets a message', async t => {
  const simulation = simulate({ message: () => void t.fail('the loop has ended') })
  const port = simulation.server.port()
  simulation.server.shutdown()
  t.equal(simulation.server.post('x', { to: 0 }), false)
  const late = simulation.server.port()
  // As any thread that waits on a port.
  for (const each of [port, late]) each.ref()
  await Promise.all([port, late].map(each => once(each, 'close')))
})
