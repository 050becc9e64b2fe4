import { existsSync, statSync } from 'node:fs'
import * as net from 'node:net'
import type { Info } from '../../../lib/index.js'
import type { Rules } from './rule.js'

/** Binding `serve`'s addresses, and the errors if that fails. */
export const bindings: Rules = {
  'an address that cannot be is an error that names it, before anything is bound': async (t, world) => {
    const good = world.network === 'unix' ? world.address() : await freePort(world.address())
    const wrong = ['http://127.0.0.1:1', 'tcp://127.0.0.1:99999', 'unix://', 'tcp://:0?colour=red', 'nothing']
    for (const address of wrong) {
      let ran = 0
      const served = world.serve({ serving: () => void ran++ }, good, address)
      await t.rejects(served, {
        code: 'ERR_ADDRESS',
        message: new RegExp(`^address "${escaped(address)}": `),
      })
      t.equal(ran, 0)
    }
    await t.resolves(world.serve({}, good), 'the good one was not bound meanwhile')
  },

  'an address that is taken is EADDRINUSE, and those bound before it are released': async (t, world) => {
    if (!world.real) return void t.pass('another loop', { skip: 'each simulation has a network of its own' })
    const { server } = await world.serve({})
    const taken = asked(world.address(), String(server.addresses[0]))
    const first = world.network === 'unix' ? world.address() : await freePort(world.address())
    await t.rejects(world.serve({}, first, taken), {
      code: 'EADDRINUSE',
      message: new RegExp(`^address "${escaped(taken)}": `),
    })
    await t.resolves(world.serve({}, first), 'the first is free again')
    const peer = world.connect(server)
    await world.until('the other to be undisturbed', () => server.connections === 1)
    peer.end()
  },

  'the same address twice is EADDRINUSE as well': async (t, world) => {
    const address = world.network === 'unix' ? world.address() : await freePort(world.address())
    await t.rejects(world.serve({}, address, address), { code: 'EADDRINUSE' })
    await t.resolves(world.serve({}, address))
  },

  'an address is free again once serve has resolved': async (t, world) => {
    const address = world.network === 'unix' ? world.address() : await freePort(world.address())
    for (let round = 0; round < 5; round++) {
      const { server, done } = await world.serve({ opened: () => ['hello'] }, address)
      const peer = world.connect(server)
      await world.until('a connection', () => peer.received === 'hello')
      server.shutdown()
      peer.end()
      await world.until('the end', () => peer.ended)
      await t.resolves(done)
    }
  },

  'at maxConnections others wait until there is room': async (t, world) => {
    const opened: number[] = []
    const { server } = await world.serve(
      { opened: id => void opened.push(id), data: (_id, input) => [input] },
      world.address('maxConnections=2&backlog=16'),
    )
    const peers = Array.from({ length: 5 }, (_, index) => world.connect(server).send(`${index}`))
    await world.until('two connections', () => server.connections === 2)
    await world.until('two echoes', () => peers.filter(({ received }) => received !== '').length === 2)
    await world.pass(20)
    t.equal(server.connections, 2)
    t.equal(opened.length, 2)
    for (let served = 2; served < 5; served++) {
      const one = peers.find(({ received, ended }) => received !== '' && !ended)
      one?.end()
      await world.until(
        'another one',
        () => peers.filter(({ received }) => received !== '').length === served + 1,
      )
      t.ok(server.connections <= 2)
    }
    for (const [index, peer] of peers.entries()) t.equal(peer.received, `${index}`)
  },

  'connections to several addresses come to one loop, each with its index': async (t, world) => {
    const infos: Info[] = []
    const events = { opened: (_id: number, info: Info) => void infos.push(info) }
    const { server } = await world.serve(events, world.address(), world.address(), world.address())
    for (const addressIndex of [2, 0, 1, 2]) {
      const before = infos.length
      world.connect(server, { addressIndex })
      await world.until('opened', () => infos.length > before)
    }
    t.strictSame(
      infos.map(({ addressIndex }) => addressIndex),
      [2, 0, 1, 2],
    )
  },

  'a path has the mode that was asked for, and is removed at the end': async (t, world) => {
    if (!world.real || world.network !== 'unix') return void t.pass('a path', { skip: 'there is none' })
    for (const mode of ['600', '0660']) {
      const { server, done } = await world.serve({}, world.address(`mode=${mode}`))
      const { path } = server.addresses[0] ?? { path: '' }
      t.equal(statSync(path).mode & 0o777, Number.parseInt(mode, 8))
      server.shutdown()
      await done
      t.equal(existsSync(path), false)
    }
  },

  'an empty host takes IPv4 and IPv6, and IPv4 peers read as such': async (t, world) => {
    if (!world.real || world.network !== 'tcp6')
      return void t.pass('both families', { skip: 'tried with tcp6' })
    const infos: Info[] = []
    const scheme = world.transport === 'net' ? 'tcp-net' : 'tcp'
    const { server } = await world.serve({ opened: (_id, info) => void infos.push(info) }, `${scheme}://:0`)
    const { port } = server.addresses[0] ?? { port: 0 }
    for (const host of ['127.0.0.1', '::1']) {
      const before = infos.length
      const peer = net.connect({ host, port })
      await world.until('opened', () => infos.length > before)
      t.equal(infos.at(-1)?.remoteAddress.host, host)
      t.equal(infos.at(-1)?.localAddress.host, host)
      t.equal(infos.at(-1)?.remoteAddress.network, host === '::1' ? 'tcp6' : 'tcp4')
      peer.destroy()
    }
  },

  'tcp6 takes no IPv4, tcp4 no IPv6': async (t, world) => {
    if (!world.real || world.network === 'unix') return void t.pass('families', { skip: 'there are none' })
    const { server } = await world.serve({}, world.address().replace(/\/\/.*:0/, '//:0'))
    const { port, host } = server.addresses[0] ?? { port: 0, host: '' }
    t.equal(host, world.network === 'tcp6' ? '::' : '0.0.0.0')
    const peer = net.connect({ host: world.network === 'tcp6' ? '127.0.0.1' : '::1', port })
    let refused = ''
    peer.on('error', (error: NodeJS.ErrnoException) => {
      refused = error.code ?? ''
    })
    await world.until('a refusal', () => refused !== '')
    t.equal(refused, 'ECONNREFUSED')
  },

  'a host may be a name': async (t, world) => {
    if (world.network !== 'tcp4') return void t.pass('a name', { skip: 'tried with tcp4' })
    const { server } = await world.serve(
      { opened: () => ['hello'] },
      world.address().replace(/\/\/.*:0/, '//localhost:0'),
    )
    t.equal(server.addresses[0]?.host, '127.0.0.1')
    const peer = world.connect(server)
    await world.until('a connection', () => peer.received === 'hello')
  },

  'with reuseport several loops share a port': async (t, world) => {
    if (!world.real || world.network === 'unix' || world.transport === 'net') {
      return void t.pass('a shared port', { skip: 'the portable transport of this Node has none' })
    }
    const first = await world.serve({}, world.address('reuseport=true'))
    const shared = asked(world.address('reuseport=true'), String(first.server.addresses[0]))
    const second = await world.serve({}, shared)
    t.equal(String(second.server.addresses[0]), String(first.server.addresses[0]))
    const peers = Array.from({ length: 40 }, () => world.connect(first.server))
    await world.until(
      'all connected',
      () => first.server.connections + second.server.connections === peers.length,
    )
  },
}

/** The scheme of `like`, at an address that is already bound. */
function asked(like: string, bound: string): string {
  return like.replace(/:\/\/[^?]*/, bound.replace(/^[^:]*/, ''))
}

/** `address` with a port that was free a moment ago, for several loops that bind it in turn. */
async function freePort(address: string): Promise<string> {
  const server = net.createServer()
  await new Promise<void>(resolve => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise(resolve => server.close(resolve))
  return address.replace(/:0(?=\?|$)/, `:${port}`)
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
