import { Buffer } from 'node:buffer'
import { Action, type Info, type Reply } from '../../../lib/index.js'
import type { Rules } from './rule.js'

/** The form of `serve`, its handlers, their results and the server. */
export const shape: Rules = {
  'serve resolves after a shutdown': async (t, world) => {
    const { server, done } = await world.serve({})
    server.shutdown()
    t.equal(await done, undefined)
  },

  'serve resolves when serving asks for the end, and nothing else runs': async (t, world) => {
    const ran: string[] = []
    const { done } = await world.serve({
      serving: () => Action.Shutdown,
      opened: () => void ran.push('opened'),
      tick: () => void ran.push('tick'),
    })
    await done
    t.strictSame(ran, [])
  },

  'serve rejects with what serving threw, and nothing else runs': async (t, world) => {
    const ran: string[] = []
    const thrown = new Error('no')
    const events = {
      serving() {
        throw thrown
      },
      tick: () => void ran.push('tick'),
    }
    await t.rejects(world.serve(events), thrown)
    t.strictSame(ran, [])
  },

  'serve rejects with what tick threw, after every connection has been closed': async (t, world) => {
    const thrown = new Error('no')
    let closed = 0
    let fail = false
    const running = await world.serve({
      tick() {
        if (fail) throw thrown
        return [1]
      },
      closed: () => void closed++,
    })
    world.connect(running.server)
    await world.until('a connection', () => running.server.connections === 1)
    fail = true
    await world.until('the end', () => running.ended)
    await t.rejects(running.done, thrown)
    t.equal(closed, 1)
  },

  'serve does not reject because of one connection': async (t, world) => {
    const { server, done } = await world.serve({
      data(_id, input) {
        if (String(input) === 't') throw new Error('on purpose')
        return ['fine']
      },
      closed() {},
    })
    const bad = world.connect(server).send('t')
    await world.until('the end of the one', () => bad.ended)
    const good = world.connect(server).send('x')
    await world.until('an answer to the other', () => good.received === 'fine')
    server.shutdown()
    await t.resolves(done)
  },

  'without handlers it takes what comes and closes when the peer has ended': async (t, world) => {
    const { server } = await world.serve({})
    const peer = world.connect(server).send('x'.repeat(100_000)).end()
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, '')
    t.equal(peer.error, undefined)
    await world.until('no connection', () => server.connections === 0)
  },

  'output may be a string, bytes, a list of both, or nothing': async (t, world) => {
    const part = new Uint8Array([0x00, 0x62, 0x79, 0x74, 0x65, 0x73, 0x00]).subarray(1, 6)
    const replies: Reply[] = [
      ['grün'],
      [part],
      [['a', Buffer.from('b'), '', part, 'ß']],
      [null],
      [undefined],
      [],
      [''],
      [[]],
      undefined,
      ['.'],
    ]
    let next = 0
    const { server } = await world.serve({
      data: (id, input) => {
        if (input !== null) server.wake(id)
        else if (next < replies.length) {
          server.wake(id)
          return replies[next++]
        }
        return undefined
      },
    })
    const peer = world.connect(server).send('go')
    await world.until('the last of the output', () => peer.received.endsWith('.'))
    t.equal(peer.received, 'grünbytesabbytesß.')
  },

  'an answer of another form closes the connection with ERR_REPLY': async (t, world) => {
    const wrong: unknown[] = ['text', 7, {}, [5], [['a', 5]], ['a', 9], ['a', 'Close'], [{}], null, true]
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      data: () => wrong[errors.length] as Reply,
      closed: (_id, error) => void errors.push(error),
    })
    for (let count = 1; count <= wrong.length; count++) {
      const peer = world.connect(server).send('x')
      await world.until('the end', () => peer.ended && errors.length === count)
    }
    for (const error of errors) t.match(error, { code: 'ERR_REPLY', message: /^data(:| returned) / })
  },

  'an unknown or wrong option closes the connection with ERR_OPTION': async (t, world) => {
    const wrong: object[] = [
      { highWatermark: 1 },
      { maxPending: -1 },
      { idleTimeout: '5' },
      { writeTimeout: Number.NaN },
      { paused: 1 },
      { noDelay: 'yes' },
      { keepAlive: true },
    ]
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: () => ['', wrong[errors.length] as { paused: boolean }],
      closed: (_id, error) => void errors.push(error),
    })
    for (const [index, options] of wrong.entries()) {
      const peer = world.connect(server)
      await world.until('the end', () => peer.ended && errors.length === index + 1)
      const [name = ''] = Object.keys(options)
      t.match(errors[index], { code: 'ERR_OPTION', message: name }, name)
    }
  },

  'opened may answer, set options and close': async (t, world) => {
    const { server } = await world.serve({
      opened: () => ['hello', { keepAlive: 60_000, noDelay: false }, Action.Close],
      data: () => t.fail('data of a connection that closes') as never,
    })
    const peer = world.connect(server, { allowHalfOpen: true }).send('ignored')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'hello')
    t.equal(peer.error, undefined)
  },

  'the context is handed to every later event': async (t, world) => {
    const seen = new Map<string, unknown>()
    const context = { name: 'this one' }
    const { server } = await world.serve<typeof context>({
      opened: () => [undefined, { context }],
      data(_id, input, given) {
        seen.set('data', given)
        return String(input) === 'd' ? ['x', Action.Detach] : ['x']
      },
      prewrite: (_id, _amount, given) => void seen.set('prewrite', given),
      postwrite: (_id, _amount, _remaining, given) => void seen.set('postwrite', given),
      closed: (_id, _error, given) => void seen.set('closed', given),
      detached(_id, socket, given) {
        seen.set('detached', given)
        socket.destroy()
      },
    })
    world.connect(server).send('x').end()
    await world.until('closed', () => seen.has('closed'))
    world.connect(server).send('d')
    await world.until('detached', () => seen.has('detached'))
    t.strictSame([...seen.keys()].sort(), ['closed', 'data', 'detached', 'postwrite', 'prewrite'])
    for (const [event, given] of seen) t.equal(given, context, event)
  },

  'info names the binding and both ends, and stays readable after the end': async (t, world) => {
    const infos: Info[] = []
    let closed = 0
    const { server } = await world.serve(
      {
        opened: (_id, info) => void infos.push(info),
        closed: () => void closed++,
      },
      world.address(),
      world.address(),
    )
    for (const addressIndex of [1, 0]) {
      const peer = world.connect(server, { addressIndex })
      await world.until('opened', () => infos.length + addressIndex === 2)
      peer.end()
    }
    await world.until('both closed', () => closed === 2)
    t.strictSame(
      infos.map(({ addressIndex }) => addressIndex),
      [1, 0],
    )
    for (const { addressIndex, localAddress, remoteAddress, closing } of infos) {
      t.equal(closing, false)
      t.equal(localAddress.network, world.network)
      t.equal(remoteAddress.network, world.network)
      if (world.network === 'unix') continue
      t.equal(String(localAddress), String(server.addresses[addressIndex]))
      t.equal(remoteAddress.host, localAddress.host)
      t.ok(remoteAddress.port > 0 && remoteAddress.port !== localAddress.port)
    }
  },

  'the server names what was bound in the order of the addresses, and counts connections': async (
    t,
    world,
  ) => {
    const { server } = await world.serve({}, world.address(), world.address(), world.address())
    t.equal(server.transport, world.transport === 'net' ? server.transport : world.transport)
    t.equal(server.addresses.length, 3)
    t.equal(new Set(server.addresses.map(String)).size, 3)
    for (const address of server.addresses) {
      t.equal(address.network, world.network)
      t.equal(address.port > 0, world.network !== 'unix')
      t.equal(address.path !== '', world.network === 'unix')
    }
    t.equal(server.connections, 0)
    const peers = [0, 1, 2].map(addressIndex => world.connect(server, { addressIndex }))
    await world.until('three connections', () => server.connections === 3)
    for (const peer of peers) peer.end()
    await world.until('no connections', () => server.connections === 0)
  },

  'a paused connection is not read before resume': async (t, world) => {
    const got: string[] = []
    let opened = 0
    const { server } = await world.serve({
      opened(id) {
        opened ||= id
        return [undefined, { paused: id === opened }]
      },
      data: (_id, input) => void got.push(String(input)),
    })
    world.connect(server).send('early')
    await world.until('opened', () => opened > 0)
    const other = world.connect(server).send('other').end()
    await world.until('the other to come and go', () => other.ended)
    t.strictSame(got, ['other'])
    t.equal(server.resume(opened), true)
    await world.until('the input', () => got.length > 1)
    t.equal(got.slice(1).join(''), 'early')
  },

  'every input is a copy of its own, unless the buffer may be used again': async (t, world) => {
    for (const reuseInputBuffer of [false, true]) {
      const kept: Buffer[] = []
      let copied = ''
      const { server } = await world.serve({
        opened: () => [undefined, { reuseInputBuffer }],
        data(_id, input) {
          if (input === null) return
          kept.push(input)
          copied += input.toString()
          return [`${input.length},`]
        },
      })
      const peer = world.connect(server)
      let sent = ''
      for (let round = 0; round < 20; round++) {
        sent += String.fromCharCode(97 + round).repeat(100)
        peer.send(sent.slice(-100))
        await world.until('it came', () => copied.length === sent.length)
      }
      t.equal(copied, sent)
      if (!reuseInputBuffer) t.equal(Buffer.concat(kept).toString(), sent)
    }
  },
}
