import t from 'tap'
import { fetchHandler, file, HttpError, http } from '../../lib/http/index.js'
import { FileRegion, InputStream, type Server, serve, serveLoops, translate } from '../../lib/index.js'
import { type Simulation, simulate } from '../../lib/testing.js'
import { websocket } from '../../lib/websocket/index.js'

const angry = () => {
  throw new TypeError('on purpose')
}
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()

/** Values that `String` or a template throws for, or that run code of the program when they are looked at. */
const values: Record<string, unknown> = {
  'an object without a prototype': Object.create(null),
  'one whose toString throws': { toString: angry },
  'one that cannot be made primitive': { [Symbol.toPrimitive]: angry },
  'one that cannot be inspected': { [Symbol.for('nodejs.util.inspect.custom')]: angry, toString: angry },
  'one whose tag throws': Object.defineProperty({}, Symbol.toStringTag, { get: angry }),
  'one whose class throws': Object.defineProperty({ toString: angry }, 'constructor', { get: angry }),
  'a symbol': Symbol('x'),
  'a big integer': 2n ** 70n,
  'a proxy whose traps throw': new Proxy({}, { get: angry, has: angry, getPrototypeOf: angry }),
  'a revoked proxy': revoked,
  'a function whose toString throws': Object.assign(() => {}, { toString: angry }),
  'a list of such': [Object.create(null), Symbol('y'), revoked],
  'a long text': 'x'.repeat(1_000_000),
}

const world = (handlers = {}): Simulation => simulate(handlers, { failures: 'collect' })

/** What takes a value, where any of the above is wrong; `id` is that of an open connection. */
const calls: Record<string, (value: never, server: Server, id: number) => unknown> = {
  'the address of a dial': (value, server) => server.dial(value),
  'options of a dial': (value, server) => server.dial('tcp://127.0.0.1:1', { timeout: value }),
  'handlers of a dial': (value, server) =>
    server.dial('tcp://127.0.0.1:1', { events: { data: [value] as never } }),
  'the socket of an attach': (value, server) => server.attach(value),
  deadline: (value, server, id) => server.deadline(id, value),
  idleTimeout: (value, server, id) => server.configure(id, { idleTimeout: value }),
  paused: (value, server, id) => server.configure(id, { paused: value }),
  input: (value, server, id) => server.configure(id, { handlers: {}, input: value } as never),
  'handlers of a connection': (value, server, id) =>
    server.configure(id, { handlers: { data: [value] } } as never),
  'what is sent': (value, server, id) => server.send(id, [value, {} as never]),
  'an action': (value, server, id) => server.send(id, 'x', [value] as never),
  'the action of a sending': (value, server, id) => server.send(id, 'x', { action: value }),
  'isServer of a secure': (value, server, id) => server.secure(id, { isServer: value }),
  'an option of TLS': (value, server, id) =>
    server.secure(id, { isServer: false, minVersion: value } as never),
  'ALPN protocols': (value, server, id) => server.secure(id, { isServer: false, ALPNProtocols: [value] }),
  'an index of an address': (value, server) => server.setSecureContext(value),
  'the loop of stats': (value, server) => server.stats({ loop: value }),
  'the loop of a post': (value, server) => server.post('x', { to: value }),
  'the transfer of a post': (value, server) => server.post('x', { transfer: { value } as never }),
  'the timeout of a shutdown': (value, server) => server.shutdown({ timeout: value }),
  'the grace of a shutdown': (value, server) => server.shutdown({ grace: value }),
  'handlers of reload': (value, server) => server.reload({ closed: [value] as never }),
  'handlers of serve': value => serve({ data: [value] as never }),
  'slowHandler of serve': value => serve({ slowHandler: value }),
  'an address of serve': value => serve({}, [value] as never),
  'the address of an endpoint': value => serve({}, { address: value }),
  'an endpoint with an unknown option': value => serve({}, { address: value, oops: 1 } as never),
  'tls of an endpoint': value => serve({}, { address: 'tcp://127.0.0.1:0', tls: value }),
  'the module of loops': value => serveLoops(value, {}),
  'the number of loops': value => serveLoops('/tmp/none.js', { loops: value }),
  'the balance of loops': value => serveLoops('/tmp/none.js', { balance: value }),
  'the restart of loops': value => serveLoops('/tmp/none.js', { restart: value }),
  'should of translate': value => translate({}, [value] as never, () => ({})),
  'the fd of a region': value => new FileRegion({ fd: value }),
  'the start of a region': value => new FileRegion({ fd: 0, start: value }),
  'the limit of an InputStream': value => new InputStream({ maxBuffered: value }),
  'the size of a take': value => new InputStream().take(value),
  'the rest of an InputStream': value => new InputStream().end([value] as never),
  'lengthBytes of frames': value => [...new InputStream().frames(null, { lengthBytes: value })],
  'maxLength of lines': value => [...new InputStream().lines(null, { maxLength: value })],
  'a handler of http': value => http({ request: () => [{}], closed: [value] as never }),
  'an option of http': value => http({ request: () => [{}] }, { maxBody: value }),
  'the way of bodies': value => http({ request: () => [{}] }, { bodies: value }),
  'the handler of fetch': value => fetchHandler([value] as never),
  'the path of a file': value => file([value] as never, { root: '/tmp' }),
  'the root of a file': value => file('/', { root: [value] as never }),
  'the index of a file': value => file('/', { root: '/tmp', index: [value] as never }),
  'the status of an HttpError': value => new HttpError(value),
  'handlers of websocket': value => websocket({ message: [value] as never }),
  'an option of websocket': value => websocket({}, { maxMessage: value }),
  'slow of websocket': value => websocket({}, { slow: value }),
  'deflate of websocket': value => websocket({}, { deflate: { level: value } }),
  'a topic': value => websocket({}).publish([value] as never, 'x'),
  'except of a publishing': value => websocket({}).publish('a', 'x', { except: value }),
  'the sizes of a simulation': value => simulate({}, { sendBuffer: value }),
  'the failures of a simulation': value => simulate({}, { failures: value }),
  'an address of a simulation': value => simulate({}, { addresses: [[value] as never] }),
  'what a peer connects to': value => world().connect({ addressIndex: value }),
  'how far to advance': value => world().advance(value),
  'how much to resume': value => world().connect().resume(value),
}

/** `undefined` and strings are right in some places. */
const CODES = ['ERR_OPTION', 'ERR_ADDRESS', 'ERR_REPLY', 'ERR_TLS']

async function outcome(call: () => unknown): Promise<{ code?: string; message?: string }> {
  try {
    await call()
    return {}
  } catch (error) {
    return error as Error
  }
}

t.test('a value that cannot be shown is refused with the code and the words of any other', async t => {
  const simulation = world({ data: () => undefined })
  const { server } = simulation
  const { id } = simulation.connect()
  for (const [name, call] of Object.entries(calls)) {
    for (const [kind, value] of Object.entries(values)) {
      // A module's path, and the key of a certificate, may be any text.
      if (typeof value === 'string' && name === 'the module of loops') continue
      const { code, message = '' } = await outcome(() => call(value as never, server, id))
      if (!CODES.includes(code ?? '') || message.length > 2_000_000)
        t.fail(`${name}: ${kind}`, { code, message })
    }
  }
  t.equal(server.connections, 1)
})

t.test('handlers that return such values close their connections with ERR_REPLY or ERR_OPTION', async t => {
  for (const [kind, value] of Object.entries(values)) {
    if (typeof value === 'string') continue
    const returned: Record<string, unknown> = {
      output: [[value, 5]],
      'an action': [null, value],
      // What is asked for its `then` throws what a Proxy throws, and a list is a reply.
      ...(/proxy|list/.test(kind) ? {} : { 'no list': value }),
    }
    for (const [what, reply] of Object.entries(returned)) {
      for (const handler of ['opened', 'data'] as const) {
        if (handler === 'opened' && what === 'an action') continue
        const closed: (string | undefined)[] = []
        const simulation = world({
          [handler]: () => reply,
          closed: (_id: number, error?: { code?: string }) => void closed.push(error?.code),
        })
        const peer = simulation.connect()
        if (handler === 'data') peer.send('x')
        await simulation.settle()
        if (closed.join() !== 'ERR_REPLY') t.fail(`${handler} returned ${what}: ${kind}`, { closed })
      }
    }
    const closed: (string | undefined)[] = []
    const simulation = world({
      opened: () => [null, { highWaterMark: value, context: 5 }],
      closed: (_id: number, error?: { code?: string }) => void closed.push(error?.code),
    })
    simulation.connect()
    t.strictSame(closed, ['ERR_OPTION'], kind)
    await t.rejects(simulate({ tick: () => [value] } as never).done, { code: 'ERR_REPLY' })
  }
})
