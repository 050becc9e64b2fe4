import { Action, type Endpoint, type Events, type Handlers, protocol, translate } from '../../../lib/index.js'
import type { Rules } from './rule.js'

/** Addresses with separate handlers, the signal that ends a loop, and layers with both. */
export const endpoints: Rules = {
  'connections of an address have its handlers, all others those that serve was given first': async (
    t,
    world,
  ) => {
    const told: string[] = []
    const program = (name: string): Events => ({
      serving: () => void told.push(`${name} serving`),
      opened: (_id, { addressIndex }) => [`${name} ${addressIndex}`],
      closed: () => void told.push(`${name} closed`),
    })
    const { server } = await world.serve(
      program('first'),
      world.address(),
      { address: world.address(), events: program('second') },
      { address: world.address() },
    )
    t.strictSame(told.splice(0), ['first serving', 'second serving'])
    t.equal(server.addresses.length, 3)
    const peers = [0, 1, 2].map(addressIndex => world.connect(server, { addressIndex }))
    await world.until('greetings', () => peers.every(({ received }) => received.length > 6))
    t.strictSame(
      peers.map(({ received }) => received),
      ['first 0', 'second 1', 'first 2'],
    )
    for (const peer of peers) peer.end()
    await world.until('all closed', () => told.length === 3)
    t.strictSame(told.toSorted(), ['first closed', 'first closed', 'second closed'])
  },

  'the same handlers at several addresses meet the server once, and each ticks by itself': async (
    t,
    world,
  ) => {
    const runs = { serving: 0, ticks: 0, others: 0 }
    const shared: Handlers<undefined> = {
      serving: () => void runs.serving++,
      tick: () => (++runs.ticks < 3 ? [1] : undefined),
    }
    const address = () => ({ address: world.address(), events: shared })
    await world.serve({ tick: () => void runs.others++ }, address(), address())
    await world.until('ticks', () => runs.ticks === 3)
    await world.pass(5)
    t.strictSame(runs, { serving: 1, ticks: 3, others: 1 })
  },

  'an address of another form is refused before anything is bound': async (t, world) => {
    let ran = 0
    const wrong: readonly (readonly [unknown, { code: string; message?: RegExp }])[] = [
      [7, { code: 'ERR_ADDRESS', message: /received 7/ }],
      [null, { code: 'ERR_ADDRESS', message: /received null/ }],
      [{}, { code: 'ERR_ADDRESS' }],
      [{ address: 7 }, { code: 'ERR_ADDRESS' }],
      [
        { address: world.address(), event: {} },
        { code: 'ERR_OPTION', message: /"event"; known options are/ },
      ],
      [
        { address: world.address(), events: 7 },
        { code: 'ERR_OPTION', message: /received a number/ },
      ],
      [
        { address: world.address(), events: { onData() {} } },
        { code: 'ERR_OPTION', message: /"data"/ },
      ],
    ]
    for (const [address, error] of wrong) {
      const served = world.serve({ serving: () => void ran++ }, world.address(), address as Endpoint)
      await t.rejects(served, error)
    }
    t.equal(ran, 0)
  },

  'an aborted signal is a shutdown, that of an address is none': async (t, world) => {
    const closed: unknown[] = []
    const [abort, other] = [new AbortController(), new AbortController()]
    const running = await world.serve(
      { signal: abort.signal, closed: (_id, error) => void closed.push(error) },
      world.address(),
      { address: world.address(), events: { signal: other.signal } },
    )
    const peer = world.connect(running.server)
    await world.until('a connection', () => running.server.connections === 1)
    other.abort()
    await world.pass(5)
    t.equal(running.ended, false)
    abort.abort()
    await world.until('the end', () => running.ended && peer.ended)
    await t.resolves(running.done)
    t.strictSame(closed, [undefined])
  },

  'with a signal that was aborted before, serving runs and then the loop ends': async (t, world) => {
    const told: string[] = []
    const running = await world.serve({
      signal: AbortSignal.abort(),
      serving: () => void told.push('serving'),
      tick: () => void told.push('tick'),
      opened: () => void told.push('opened'),
    })
    await world.until('the end', () => running.ended)
    await t.resolves(running.done)
    t.strictSame(told, ['serving'])
  },

  'what translate made serves an address, and a dial, with its layer': async (t, world) => {
    let heard = ''
    const seen: Buffer[] = []
    let closed = 0
    const echo = translate(
      {
        data(_id, input) {
          if (input !== null) seen.push(Buffer.from(input))
          return [input]
        },
        closed: () => void closed++,
      },
      () => true,
      masked,
    )
    const client = translate<string>(
      {
        opened: () => ['hello', { context: 'mine' }],
        data(_id, input, context) {
          t.equal(context, 'mine')
          heard += input
          return [null, heard.length === 5 ? Action.Close : Action.None]
        },
        closed: () => void closed++,
      },
      () => true,
      masked,
    )
    const { server } = await world.serve({}, { address: world.address(), events: echo })
    server.dial(String(server.addresses[0]), { events: client })
    await world.until('both to close', () => closed === 2)
    t.equal(heard, 'hello')
    t.equal(Buffer.concat(seen.splice(0)).toString(), 'hello')
    const peer = world
      .connect(server)
      .send(Buffer.from([0x00, 0x0f]))
      .end()
    await world.until('the end', () => peer.ended)
    t.strictSame([...Buffer.concat(seen)], [0xff, 0xf0], 'what comes without the layer is read with it')
    t.strictSame([...peer.receivedBytes], [0x00, 0x0f])
  },

  'handlers of translate that take over a connection bring no layer: only opened puts one in': async (
    t,
    world,
  ) => {
    const second = translate({ data: (_id, input) => [`plain ${input}`, Action.Close] }, () => true, masked)
    let switched = false
    const { server } = await world.serve({
      data(id) {
        switched = server.configure(id, protocol(second, undefined))
      },
    })
    const peer = world.connect(server).send('1')
    await world.until('the first', () => switched)
    peer.send('2')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'plain 2')
  },
}

/** A layer that inverts every bit. */
function masked() {
  const mask = (bytes: Uint8Array) => bytes.map(byte => byte ^ 0xff)
  return { decode: mask, encode: mask }
}
