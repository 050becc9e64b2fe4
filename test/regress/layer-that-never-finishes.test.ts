import { Duplex, Transform } from 'node:stream'
import t from 'tap'
import { Action, type Events, type Layer, translate } from '../../lib/index.js'
import { type Simulation, simulate } from '../../lib/testing.js'

const same = (bytes: Buffer) => bytes
const stuck = () => new Transform({ transform() {} })
/** Lets everything through, but for its end. */
const endless = () => new Transform({ transform: (bytes, _encoding, done) => done(null, bytes), flush() {} })

/** As TLS whose peer stays silent: what is written waits for it, and so does the end. */
function silent(wire: Duplex): Duplex {
  const layer = new Duplex({ read() {}, write() {}, final() {} })
  wire.on('data', bytes => layer.push(bytes)).on('end', () => layer.push(null))
  return layer
}

const outwards: Readonly<Record<string, (wire: Duplex) => Layer>> = {
  'a stream that encodes': () => ({ decode: same, encode: stuck() }),
  'a stream': silent,
}

function served(layer: (wire: Duplex) => Layer, events: Events) {
  const log: string[] = []
  const told = (error: Error | undefined) => (error as { code?: string } | undefined)?.code ?? error?.message
  const simulation = simulate(
    translate(
      {
        failed() {},
        ...events,
        closed: (_id, error) => void log.push(`closed ${told(error)}`),
        sent: (_id, token, error) => void log.push(`${token} ${told(error)}`),
      },
      () => true,
      (_id, wire) => layer(wire),
    ),
  )
  return { simulation, log }
}

async function pass(simulation: Simulation, ms: number): Promise<void> {
  for (let step = 0; step < 20; step++) {
    await simulation.settle()
    simulation.advance(ms / 20)
  }
}

for (const [name, layer] of Object.entries(outwards)) {
  t.test(`${name} and never finishes: writeTimeout closes its connection`, async t => {
    const replies: Record<string, Events['data']> = {
      nothing: () => ['x', Action.None, 'token'],
      Close: () => ['x', Action.Close, 'token'],
      Detach: () => ['x', Action.Detach, 'token'],
      End: () => ['x', Action.End, 'token'],
    }
    for (const [action, data] of Object.entries(replies)) {
      const { simulation, log } = served(layer, {
        opened: () => [null, { writeTimeout: 500 }],
        data,
        detached: (_id, socket) => void socket.destroy(),
      } as Events)
      simulation.connect().send('x')
      await pass(simulation, 400)
      t.strictSame(log, [], action)
      await pass(simulation, 400)
      t.strictSame(log, ['token ETIMEDOUT', 'closed ETIMEDOUT'], action)
      t.equal(simulation.left.connections, 0)
    }
  })

  t.test(`${name} and never finishes: a handler's exception is what closed is told`, async t => {
    const { simulation, log } = served(layer, {
      opened: () => ['x', { writeTimeout: 500 }],
      data() {
        throw new Error('on purpose')
      },
    })
    simulation.connect().send('x')
    await pass(simulation, 800)
    t.strictSame(log, ['closed on purpose'])
  })

  t.test(`${name} and never finishes: the peer's reset, and a shutdown, end it`, async t => {
    const reset = served(layer, { data: () => ['x', Action.None, 'token'] })
    const peer = reset.simulation.connect().send('x')
    await pass(reset.simulation, 10)
    peer.reset()
    await pass(reset.simulation, 1500)
    t.strictSame(reset.log, ['token ECONNRESET', 'closed ECONNRESET'])

    const shut = served(layer, { data: () => ['x', Action.None, 'token'] })
    shut.simulation.connect().send('x')
    await pass(shut.simulation, 10)
    shut.simulation.server.shutdown({ timeout: 200 })
    await pass(shut.simulation, 400)
    t.strictSame(shut.log, ['token ETIMEDOUT', 'closed ETIMEDOUT'])
    t.ok(shut.simulation.ended)
  })
}

t.test('a layer that never ends is given up, a second after its connection closed', async t => {
  const { simulation, log } = served(() => ({ decode: same, encode: endless() }), {
    data: () => ['x', Action.Close],
  })
  const peer = simulation.connect().send('x')
  await pass(simulation, 100)
  t.strictSame(log, ['closed undefined'])
  t.equal(peer.received, 'x')
  t.equal(simulation.left.connections, 1)
  await pass(simulation, 1500)
  t.equal(simulation.left.connections, 0)
})

t.test('input that is never decoded does not hold a broken connection', async t => {
  const { simulation, log } = served(() => ({ decode: stuck(), encode: same }), {})
  const peer = simulation.connect().send('x')
  await pass(simulation, 10)
  peer.reset()
  await pass(simulation, 1500)
  t.strictSame(log, ['closed ECONNRESET'])
})
