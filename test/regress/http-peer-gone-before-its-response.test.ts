import t from 'tap'
import type { Http, HttpHandlers, HttpOptions } from '../../lib/http/index.js'
import { http } from '../../lib/http/index.js'
import { onEvery } from '../transport/on-every.js'
import type { Peer, Running, World } from '../transport/world.js'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'

/** What a program is told of its connections. */
interface Told {
  readonly requests: string[]
  readonly aborted: unknown[]
  readonly closed: (string | undefined)[]
  readonly failed: Error[]
  /** Streams that were told to end. */
  returned: number
}

async function start(
  world: World,
  told: Told,
  request: HttpHandlers['request'],
  options?: HttpOptions,
): Promise<Running> {
  const handlers: HttpHandlers = {
    request(id, req, context) {
      told.requests.push(req.path)
      req.signal.addEventListener('abort', () => told.aborted.push(req.signal.reason))
      return request(id, req, context)
    },
    closed: (_id, error) => void told.closed.push((error as NodeJS.ErrnoException | undefined)?.code),
    failed: error => void told.failed.push(error),
  }
  return serveHttp(world, handlers, options)
}

/** In handlers of its own, as a world copies what it is given. */
function serveHttp(world: World, handlers: HttpHandlers, options?: HttpOptions): Promise<Running> {
  const served = http(handlers, options)
  const { failed } = served
  return world.serve<Parameters<NonNullable<Http['data']>>[2]>({
    serving: server => served.serving?.(server),
    opened: (id, info) => served.opened(id, info),
    data: (id, input, session) => served.data?.(id, input, session),
    expired: (id, session) => served.expired?.(id, session),
    sent: (id, token, error, session) => served.sent?.(id, token, error, session),
    closed: (id, error, session) => served.closed?.(id, error, session),
    ...(failed === undefined ? {} : { failed }),
  })
}

function nothing(): Told {
  return { requests: [], aborted: [], closed: [], failed: [], returned: 0 }
}

const never = () => new Promise<never>(() => {})

/** Pieces that never end, as fast as they are taken, or one and then nothing more. */
function pieces(told: Told, { stalls }: { stalls: boolean }): AsyncIterable<string> {
  let given = 0
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => (stalls && given++ > 0 ? never() : { done: false, value: 'x'.repeat(10_000) }),
      return: async () => {
        told.returned++
        return { done: true, value: undefined }
      },
    }),
  }
}

async function gone(world: World, told: Told): Promise<void> {
  await world.until('closed', () => told.closed.length === 1)
}

await onEvery(t, 'a reset while a response is promised', async (t, world) => {
  const told = nothing()
  const { server } = await start(world, told, never)
  const peer = world.connect(server).send(GET)
  await world.until('the request', () => told.requests.length === 1)
  peer.reset()
  await gone(world, told)
  t.match(told.closed[0], /ECONNRESET|EPIPE/)
  t.equal(told.aborted.length, 1)
  t.equal(server.connections, 0)
})

await onEvery(t, 'a reset behind pipelined requests while a response is promised', async (t, world) => {
  const told = nothing()
  const { server } = await start(world, told, never, { maxPipelined: 4 })
  const peer = world.connect(server).send(GET)
  await world.until('the request', () => told.requests.length === 1)
  peer.send(GET.repeat(2000)).reset()
  await gone(world, told)
  t.equal(told.requests.length, 1)
  t.equal(told.aborted.length, 1)
})

await onEvery(t, 'a reset while several responses are promised', async (t, world) => {
  const told = nothing()
  const { server } = await start(world, told, never, { concurrency: 3 })
  const peer = world.connect(server).send(GET.repeat(5))
  await world.until('the requests', () => told.requests.length === 3)
  peer.reset()
  await gone(world, told)
  t.equal(told.aborted.length, 3)
})

for (const stalls of [true, false]) {
  const how = stalls ? 'has more to come' : 'is as fast as it can be'
  for (const way of ['reset', 'close'] as const) {
    // Of a peer that closes, only what is sent afterwards can tell.
    if (stalls && way === 'close') continue
    await onEvery(t, `a ${way} while a response is streamed that ${how}`, async (t, world) => {
      const told = nothing()
      const { server } = await start(world, told, () => [{ body: pieces(told, { stalls }) }])
      const peer = world.connect(server, { paused: !stalls }).send(GET)
      await world.until('output', () => (stalls ? peer.received.length > 10_000 : server.stats().pending > 0))
      peer[way]()
      await gone(world, told)
      t.equal(told.returned, 1)
      t.equal(told.aborted.length, 1)
      t.same(told.failed, [])
    })
  }
}

await onEvery(
  t,
  'a generator that waits is told by the signal, and its peer by nothing',
  async (t, world) => {
    const told = nothing()
    let ended = 0
    const { server } = await start(world, told, (_id, req) => {
      async function* body() {
        try {
          yield 'first'
          await new Promise((_, reject) =>
            req.signal.addEventListener('abort', () => reject(req.signal.reason)),
          )
        } finally {
          ended++
        }
      }
      return [{ body: body() }]
    })
    const peer = world.connect(server).send(GET)
    await world.until('output', () => peer.received.includes('first'))
    peer.reset()
    await gone(world, told)
    await world.until('the end of the body', () => ended === 1)
    t.same(told.failed, [], 'that it has noticed is no fault')
  },
)

await onEvery(
  t,
  'what a handler throws when its peer has gone is reported, unless it is just that',
  async (t, world) => {
    const told = nothing()
    let fail: (error: Error) => void = () => {}
    const { server } = await start(world, told, (_id, req) =>
      req.path === '/'
        ? new Promise((_, reject) => req.signal.addEventListener('abort', () => reject(req.signal.reason)))
        : new Promise((_, reject) => (fail = reject)),
    )
    const [peer, other] = [GET, GET.replace('/', '/other')].map(head => world.connect(server).send(head))
    await world.until('the requests', () => told.requests.length === 2)
    peer?.reset()
    other?.reset()
    await world.until('closed', () => told.closed.length === 2)
    fail(new Error('on purpose'))
    await world.until('the report', () => told.failed.length > 0)
    t.same(
      told.failed.map(({ message }) => message),
      ['on purpose'],
    )
  },
)

for (const way of ['reset', 'close'] as const) {
  await onEvery(t, `a ${way} while a body is coming`, async (t, world) => {
    const told = nothing()
    let broken: unknown
    const { server } = await start(
      world,
      told,
      async (_id, req) => {
        try {
          for await (const _ of req.stream);
        } catch (error) {
          broken = error
        }
        return [{}]
      },
      { bodies: 'stream' },
    )
    const peer = world.connect(server).send(POST)
    await world.until('the request', () => told.requests.length === 1)
    peer[way]()
    await gone(world, told)
    await world.until('the body to break', () => broken !== undefined)
    t.equal(told.aborted.length, 1)
    t.equal(told.aborted[0], broken)
  })
}

await onEvery(t, 'a token of a response that is being sent is told of before closed', async (t, world) => {
  const order: string[] = []
  const told = nothing()
  const handlers: HttpHandlers = {
    request: () => [{ body: pieces(told, { stalls: true }) }, undefined, 'token'],
    sent: (_id, token, error) => void order.push(`${token} ${error === undefined ? 'left' : 'lost'}`),
    closed: () => void order.push('closed'),
  }
  const { server } = await serveHttp(world, handlers)
  const peer = world.connect(server).send(GET)
  await world.until('output', () => peer.received.length > 10_000)
  peer.reset()
  await world.until('closed', () => order.includes('closed'))
  t.same(order, ['token lost', 'closed'])
})

await onEvery(
  t,
  'a peer that has ended still gets what was promised and what is streamed',
  async (t, world) => {
    const told = nothing()
    const answers: (() => void)[] = []
    const { server } = await start(world, told, (_id, req) =>
      req.path === '/'
        ? new Promise(resolve => answers.push(() => resolve([{ body: 'late' }])))
        : [
            {
              body: (async function* () {
                yield 'a'
                await new Promise<void>(resolve => answers.push(resolve))
                yield 'z'
              })(),
            },
          ],
    )
    const peers: Peer[] = []
    for (const path of ['/', '/stream']) {
      const peer = world.connect(server, { allowHalfOpen: true }).send(GET.replace('/', path))
      peer.end()
      peers.push(peer)
    }
    await world.until('the requests', () => answers.length === 2)
    for (const answer of answers) answer()
    await world.until('the ends', () => peers.every(({ ended }) => ended))
    t.match(peers[0]?.received, /\r\n\r\nlate$/)
    t.match(peers[1]?.received, /\r\n1\r\na\r\n1\r\nz\r\n0\r\n\r\n$/)
    t.same(told.aborted, [])
  },
)
