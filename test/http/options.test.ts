import { type Server, serve } from 'revio'
import { HttpError, http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'
import { answersIn } from './exchange.js'

const request = () => [{ body: 'a' }] as const
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

t.test('options and handlers that are wrong are told by name', async t => {
  const wrong: readonly (readonly [handlers: unknown, options: unknown, names: RegExp])[] = [
    [undefined, {}, /request/],
    [{}, {}, /request/],
    [{ request: 5 }, {}, /request/],
    [{ request, tick: 5 }, {}, /"tick"/],
    [{ request, onRequest() {} }, {}, /"onRequest"/],
    [{ request }, { maxBdy: 5 }, /"maxBdy"/],
    [{ request }, { maxBody: -1 }, /maxBody.*-1/],
    [{ request }, { maxBody: '5' }, /maxBody.*'5'/],
    [{ request }, { idleTimeout: Number.NaN }, /idleTimeout.*NaN/],
    [{ request }, { bodies: 'all' }, /bodies.*'all'/],
    [{ request }, { concurrency: 0 }, /concurrency.*0/],
  ]
  for (const [handlers, options, message] of wrong) {
    t.throws(() => http(handlers as never, options as never), { code: 'ERR_OPTION', message })
  }
  t.throws(() => new HttpError(200), { code: 'ERR_OPTION' })
})

t.test('what opened returns counts for the connection, and its context is handed on', async t => {
  const closed: unknown[] = []
  const handlers = http<{ name: string }>({
    opened: () => [null, { context: { name: 'Ada' }, idleTimeout: 5 }],
    request: (_id, _req, { name }) => [{ body: name }],
    closed: (_id, error, context) =>
      void closed.push([error?.message.includes('no bytes in either direction'), context]),
  })
  const simulation = simulate(handlers)
  const peer = simulation.connect()
  peer.send(GET)
  t.match(answersIn(peer.received), [{ body: 'Ada' }])
  simulation.advance(6)
  t.same(closed, [[true, { name: 'Ada' }]])
})

t.test('messages of other threads and slowHandler reach the handlers of the loop', async t => {
  const warned = new Promise<Error>(resolve => process.once('warning', resolve))
  const text = await new Promise(resolve => {
    let server: Server
    const handlers = http({
      request,
      serving(running) {
        server = running
        server.port().postMessage('hello')
      },
      slowHandler: 1,
      message(payload, from) {
        const until = performance.now() + 5
        while (performance.now() < until);
        resolve([payload, from])
        server.shutdown()
      },
    })
    serve(handlers, 'tcp4://127.0.0.1:0').catch(resolve)
  })
  t.same(text, ['hello', -1])
  t.match((await warned).message, /^message held the loop for/)
})

t.test('opened must not speak first', async t => {
  const simulation = simulate(http({ request, opened: () => ['hello'] }), { failures: 'collect' })
  const peer = simulation.connect()
  t.equal(peer.received, '')
  t.match(simulation.failures, [{ error: { code: 'ERR_REPLY' } }])
})

t.test('an exception of request is told as one of request', async t => {
  const told: unknown[] = []
  const simulation = simulate(
    http({
      request() {
        throw new Error('thrown')
      },
      failed: (error, where) => void told.push(error.message, where),
    }),
  )
  simulation.connect().send(GET)
  t.same(told, ['thrown', { id: 1, handler: 'request' }])
})
