import { EventEmitter } from 'node:events'
import * as net from 'node:net'
import { Worker } from 'node:worker_threads'
import { Action, type Info } from '../../../lib/index.js'
import { openDescriptors } from '../descriptors.js'
import type { World } from '../world.js'
import type { Rules } from './rule.js'

/** The events of connections, by id. */
interface Story {
  info: Info | undefined
  received: string
  closed: number
  error: Error | undefined
}

/** Connections that the loop dials or attaches. */
export const dials: Rules = {
  'dial answers an id at once; opened, data and closed of that id follow': async (t, world) => {
    const stories = new Map<number, Story>()
    const running = await world.serve(telling(stories, (id, input) => (id === dialled ? undefined : [input])))
    const { server } = running
    const address = String(server.addresses[0])
    const dialled: number = server.dial(address)
    t.equal(typeof dialled, 'number')
    if (world.real) t.equal(stories.size, 0)
    await world.until('both ends', () => stories.size === 2)
    const { info } = stories.get(dialled) as Story
    t.match(info, { addressIndex: -1, closing: false })
    t.equal(String(info?.remoteAddress), address)
    t.equal(server.send(dialled, 'ping'), true)
    await world.until('the echo', () => stories.get(dialled)?.received === 'ping')
    server.send(dialled, '', Action.Close)
    await world.until('both closed', () => [...stories.values()].every(({ closed }) => closed === 1))
    for (const { error } of stories.values()) t.equal(error, undefined)
  },

  'a dial that is refused is opened as closing, and closed with the error': async (t, world) => {
    const stories = new Map<number, Story>()
    const { server } = await world.serve(telling(stories))
    const { server: gone, done } = await world.serve({})
    gone.shutdown()
    await done
    // Each simulation has its own network, in which the port of another simulation may be in use.
    const address = world.real ? String(gone.addresses[0]) : world.address().replace(/:0$/, ':9')
    const id = server.dial(address)
    await world.until('closed', () => stories.get(id)?.closed === 1)
    const { info, error } = stories.get(id) as Story
    t.match(info, { addressIndex: -1, closing: true })
    t.equal(String(info?.remoteAddress), address)
    t.match(error, { code: world.network === 'unix' && world.real ? 'ENOENT' : 'ECONNREFUSED' })
    t.equal(stories.size, 1)
    t.equal(server.connections, 0)
    t.equal(server.send(id, 'x'), false)
  },

  'until it is opened a dialled id is not open': async (t, world) => {
    if (!world.real) return void t.pass('the moment between', { skip: 'a simulation connects at once' })
    const stories = new Map<number, Story>()
    const { server } = await world.serve(telling(stories))
    const id = server.dial(String(server.addresses[0]))
    t.strictSame(
      [server.send(id, 'x'), server.wake(id), server.pause(id), server.resume(id)],
      Array(4).fill(false),
    )
    await world.until('opened', () => stories.has(id))
    t.equal(server.send(id, 'x'), true)
  },

  'a dial that takes longer than its timeout fails with ETIMEDOUT': async (t, world) => {
    if (!world.real || world.network === 'unix') {
      return void t.pass('a peer that does not answer', { skip: 'only TCP has one' })
    }
    const deaf = await listenWithoutAccepting(world)
    const stories = new Map<number, Story>()
    const { server } = await world.serve(telling(stories))
    const id = server.dial(deaf.address, { timeout: 50 })
    await world.until('closed', () => stories.get(id)?.closed === 1)
    t.match(stories.get(id)?.error, { code: 'ETIMEDOUT', message: /50 ms/ })
    t.match(stories.get(id)?.info, { closing: true })
    await deaf.close()
    await world.pass(100)
    t.equal(stories.get(id)?.closed, 1)
  },

  'a dial that is under way when the loop ends is closed with ECONNABORTED': async (t, world) => {
    const stories = new Map<number, Story>()
    const running = await world.serve({
      ...telling(stories),
      data(): undefined {
        running.server.dial(String(running.server.addresses[0]))
        running.server.shutdown()
      },
    })
    world.connect(running.server).send('x')
    await world.until('the end', () => running.ended)
    t.equal(stories.size, 2)
    t.match(stories.get(2), { closed: 1, error: { code: 'ECONNABORTED' } })
    t.match(stories.get(1), { closed: 1, error: undefined })
  },

  'a dial that cannot be is an error where it is called, and uses up no id': async (t, world) => {
    const stories = new Map<number, Story>()
    const { server } = await world.serve(telling(stories))
    t.throws(() => server.dial('http://127.0.0.1:80'), { code: 'ERR_ADDRESS', message: /"http:/ })
    t.throws(() => server.dial('tcp://127.0.0.1:0'), { code: 'ERR_ADDRESS', message: /port/ })
    t.throws(() => server.dial('tcp://:5000'), { code: 'ERR_ADDRESS', message: /host/ })
    t.throws(() => server.dial('127.0.0.1:5000', { timeout: -1 }), { code: 'ERR_OPTION', message: /timeout/ })
    t.throws(() => server.dial('127.0.0.1:5000', { timeout: Number.NaN }), { code: 'ERR_OPTION' })
    const peer = world.connect(server)
    await world.until('the first id', () => stories.has(1))
    peer.end()
  },

  'what a dialled connection sends while the other end answers arrives in order both ways': async (
    t,
    world,
  ) => {
    const size = 3_000_000
    const got = new Map<number, number>()
    const { server } = await world.serve({
      opened: () => ['a'.repeat(size), { highWaterMark: size }],
      data(id, input) {
        got.set(id, (got.get(id) ?? 0) + (input?.length ?? 0))
      },
    })
    const id = server.dial(String(server.addresses[0]))
    await world.until('all both ways', () => got.size === 2 && [...got.values()].every(of => of === size))
    t.equal(got.get(id), size)
  },

  'attach takes a connected socket in': async (t, world) => {
    if (!world.real) return void t.pass('a socket', { skip: 'a simulation takes none' })
    const stories = new Map<number, Story>()
    const { server } = await world.serve(telling(stories, (_id, input) => [input]))
    const [near, far] = await socketPair(world)
    far.write('waiting ')
    const id = server.attach(near)
    await world.until('opened', () => stories.has(id))
    t.match(stories.get(id)?.info, { addressIndex: -1, closing: false })
    let echoed = ''
    far.on('data', bytes => {
      echoed += bytes
    })
    far.write('and more')
    await world.until('the echo', () => echoed === 'waiting and more')
    far.end()
    await world.until('closed', () => stories.get(id)?.closed === 1)
    t.equal(stories.get(id)?.error, undefined)
    t.throws(() => server.attach(near), { code: 'ERR_UNSUPPORTED', message: /attach/ })
  },

  'what is no connected socket, or has an owner, is refused and uses up no id': async (t, world) => {
    const { server } = await world.serve({})
    for (const garbage of [{}, null, undefined, 'socket', 7, () => {}, new EventEmitter()]) {
      t.throws(() => server.attach(garbage as net.Socket), { code: 'ERR_OPTION', message: /^attach: / })
    }
    t.throws(() => server.attach(new net.Socket()), { code: 'ERR_UNSUPPORTED', message: /not connected/ })
    if (!world.real) return
    const [near, far] = await socketPair(world)
    const { server: other } = await world.serve({})
    t.equal(server.attach(near), 1)
    for (const taken of [server, other]) {
      t.throws(() => taken.attach(near), { code: 'ERR_UNSUPPORTED', message: /already belongs to a loop/ })
    }
    await world.until('the connection', () => server.connections === 1)
    t.equal(other.connections, 0)
    far.destroy()
    await world.until('its closing', () => server.connections === 0)
  },

  'dials that are under way when the loop ends leave nothing behind, at whatever stage': async (t, world) => {
    for (let turns = 0; turns < 8; turns++) {
      const stories = new Map<number, Story>()
      const running = await world.serve(telling(stories))
      const { server } = running
      const ids = Array.from({ length: 5 }, () => server.dial(String(server.addresses[0])))
      for (let left = turns; left > 0; left--) await new Promise(resolve => setImmediate(resolve))
      server.shutdown()
      await world.until('the end', () => running.ended)
      for (const id of ids) t.equal(stories.get(id)?.closed, 1, `dial ${id} after ${turns} turns`)
      for (const { closed } of stories.values()) t.equal(closed, 1)
    }
  },

  'one that nobody answers is given up at the end of the loop, and its descriptor closed': async (
    t,
    world,
  ) => {
    if (!world.real || world.network === 'unix') {
      return void t.pass('a peer that does not answer', { skip: 'only TCP has one' })
    }
    const deaf = await listenWithoutAccepting(world)
    const stories = new Map<number, Story>()
    const running = await world.serve(telling(stories))
    const before = openDescriptors()
    const ids = Array.from({ length: 5 }, () => running.server.dial(deaf.address, { timeout: 10_000 }))
    await world.pass(20)
    running.server.shutdown()
    await world.until('the end', () => running.ended)
    for (const id of ids) t.match(stories.get(id), { closed: 1, error: { code: 'ECONNABORTED' } })
    await world.until('no descriptor of theirs', () => (openDescriptors() ?? 0) <= (before ?? 0))
    await deaf.close()
  },

  'what was detached can be attached again': async (t, world) => {
    if (!world.real) return void t.pass('a socket', { skip: 'a simulation takes none' })
    let attached = 0
    const running = await world.serve({
      data: (id, input) => (id === 1 ? ['1', Action.Detach] : [`2${input}`]),
      detached(_id, socket) {
        attached = running.server.attach(socket)
      },
    })
    const peer = world.connect(running.server).send('x')
    await world.until('attached', () => attached === 2 && peer.received === '1')
    peer.send('y')
    await world.until('the echo', () => peer.received === '12y')
    peer.end()
    await world.until('the end', () => peer.ended && running.server.connections === 0)
    t.equal(peer.error, undefined)
  },
}

/** Handlers that record their events. */
function telling(
  stories: Map<number, Story>,
  reply: (id: number, input: Buffer | null) => readonly [Buffer | null] | undefined = () => undefined,
) {
  const of = (id: number): Story => {
    const found = stories.get(id) ?? { info: undefined, received: '', closed: 0, error: undefined }
    stories.set(id, found)
    return found
  }
  return {
    opened(id: number, info: Info): undefined {
      of(id).info = info
    },
    data(id: number, input: Buffer | null) {
      of(id).received += input
      return reply(id, input)
    },
    closed(id: number, error: Error | undefined): undefined {
      of(id).closed += 1
      of(id).error = error
    },
  }
}

/** A listener in a blocked thread with a full backlog: who connects to it gets no answer. */
async function listenWithoutAccepting(
  world: World,
): Promise<{ address: string; close: () => Promise<unknown> }> {
  const host = world.network === 'tcp6' ? '::1' : '127.0.0.1'
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const server = require('node:net').createServer(socket => socket.destroy())
    server.listen({ port: 0, host: '${host}', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(workerData, 0, 0, 20000)
      server.close()
    })`
  const worker = new Worker(source, { eval: true, workerData: flag, execArgv: [] })
  const port = await new Promise<number>(resolve => worker.once('message', resolve))
  const filling = Array.from({ length: 4 }, () => net.connect({ host, port }).on('error', () => {}))
  await world.until('a full backlog', () => filling.filter(socket => !socket.connecting).length >= 2)
  const left = new Promise(resolve => worker.once('exit', resolve))
  return {
    address: world.network === 'tcp6' ? `tcp6://[::1]:${port}` : `tcp4://127.0.0.1:${port}`,
    close() {
      for (const socket of filling) socket.destroy()
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
      return left
    },
  }
}

/** The native transport does not take it over. */
class PortableSocket extends net.Socket {}

/** Two connected sockets; the first one is to be attached to the world's transport. */
async function socketPair(world: World): Promise<[net.Socket, net.Socket]> {
  const listener = net.createServer()
  const accepted = new Promise<net.Socket>(resolve => listener.once('connection', resolve))
  const { path } =
    world.network === 'unix' ? { path: world.address().replace(/^.*?:\/\//, '') } : { path: undefined }
  await new Promise<void>(resolve => listener.listen(path === undefined ? { port: 0 } : { path }, resolve))
  const { port } = listener.address() as net.AddressInfo
  const far = path === undefined ? net.connect(port) : net.connect(path)
  const near = await accepted
  if (world.transport === 'net') Object.setPrototypeOf(near, PortableSocket.prototype)
  listener.close()
  return [near, far]
}
