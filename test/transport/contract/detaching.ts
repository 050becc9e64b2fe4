import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { Action, type Reply } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

/** Detach: writes everything pending first, then the program owns the socket. */
export const detaching: Rules = {
  'Detach hands over a socket on which both sides go on': async (t, world) => {
    let socket: Socket | undefined
    let server = 0
    const running = await world.serve({
      data: () => ['from the loop,', Action.Detach],
      detached(id, given) {
        server = id
        socket = given
        given.write('from the owner')
        given.on('data', bytes => given.write(bytes))
      },
      closed: () => t.fail('closed of a detached connection') as never,
    })
    const peer = world.connect(running.server).send('x')
    await world.until('detached', () => peer.received.endsWith('owner'))
    t.equal(peer.received, 'from the loop,from the owner')
    t.equal(running.server.connections, 0)
    t.equal(running.server.send(server, 'x'), false)
    peer.take()
    peer.send('echo')
    await world.until('the echo', () => peer.received === 'echo')
    socket?.end()
    await world.until('the end', () => peer.ended)
  },

  'all pending output leaves before the socket is handed over': async (t, world) => {
    const out = pattern(world.much)
    let detached = 0
    const { server } = await world.serve({
      data: () => [out, Action.Detach],
      detached(_id, socket) {
        detached += 1
        socket.end('the end')
      },
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('pending output', () => server.pending(1) > 0)
    t.equal(detached, 0)
    peer.resume()
    await world.until('the end', () => peer.ended)
    t.equal(detached, 1)
    t.equal(digest(peer.receivedBytes.subarray(0, world.much)), digest(out))
    t.equal(peer.receivedBytes.subarray(world.much).toString(), 'the end')
  },

  'what was sent and not delivered can be read from the socket': async (t, world) => {
    const read: Buffer[] = []
    const delivered: Buffer[] = []
    let ended = false
    const { server } = await world.serve({
      opened: () => [undefined, { reuseInputBuffer: true }],
      data(_id, input): Reply {
        delivered.push(Buffer.from(input ?? ''))
        return ['x'.repeat(world.much), Action.Detach]
      },
      detached(_id, socket) {
        socket.on('data', bytes => void read.push(bytes))
        socket.on('end', () => {
          ended = true
          socket.end()
        })
      },
    })
    const sent = pattern(400_000)
    const peer = world.connect(server, { paused: true }).send(sent.subarray(0, 10))
    await world.until('the reply', () => delivered.length > 0)
    peer.send(sent.subarray(10)).end().resume()
    await world.until('the end both ways', () => ended && peer.ended)
    t.equal(digest(Buffer.concat([...delivered, ...read])), digest(sent))
    t.equal(Buffer.concat(delivered).length + Buffer.concat(read).length, sent.length)
  },

  'input of those that another has detached in the same batch is read from their sockets': async (
    t,
    world,
  ) => {
    const ids: number[] = []
    const read = new Map<number, string>()
    let first = 0
    const { server } = await world.serve({
      opened: id => void ids.push(id),
      data(id, input): Reply {
        read.set(id, `${read.get(id) ?? ''}${input}`)
        if (first === 0) for (const other of ids) if (other !== id) server.send(other, '', Action.Detach)
        first ||= id
        return undefined
      },
      detached(id, socket) {
        socket.on('data', bytes => void read.set(id, `${read.get(id) ?? ''}${bytes}`))
        socket.on('end', () => socket.end('bye'))
      },
    })
    const peers = Array.from({ length: 12 }, () => world.connect(server))
    await world.until('all open', () => ids.length === peers.length)
    for (const peer of peers) peer.send('one ').send('two').end()
    await world.until('all ends', () => peers.every(({ ended }) => ended))
    for (const id of ids) t.equal(read.get(id), 'one two', `${id}`)
    t.equal(peers.filter(({ received }) => received === 'bye').length, peers.length - 1)
  },

  'the first Close or Detach stands, whatever is asked for while the output leaves': async (t, world) => {
    for (const [asked, later] of [
      [Action.Close, Action.Detach],
      [Action.Detach, Action.Close],
    ]) {
      const ends: string[] = []
      const { server } = await world.serve({
        data: () => ['x'.repeat(world.much), asked],
        prewrite: () => later,
        postwrite: () => later,
        closed: () => void ends.push('closed'),
        detached(_id, socket) {
          ends.push('detached')
          socket.end()
        },
      })
      const peer = world.connect(server, { paused: true }).send('x')
      await world.until('pending output', () => server.pending(1) > 0)
      peer.resume()
      await world.until('the end', () => peer.ended && ends.length > 0)
      t.equal(peer.received.length, world.much)
      t.strictSame(ends, [asked === Action.Close ? 'closed' : 'detached'])
    }
  },

  'while it waits for its output to leave, no more is read than the socket will give': async (t, world) => {
    const sent = pattern(4 * world.much)
    const read: Buffer[] = []
    let ended = false
    const { server } = await world.serve({
      data(_id, input): Reply {
        read.push(Buffer.from(input ?? ''))
        return ['x'.repeat(world.much), Action.Detach]
      },
      detached(_id, socket) {
        socket.on('data', bytes => void read.push(bytes))
        socket.on('end', () => {
          ended = true
          socket.end()
        })
      },
    })
    const peer = world.connect(server, { paused: true }).send(sent.subarray(0, 10))
    await world.until('pending output', () => server.pending(1) > 0)
    peer.send(sent.subarray(10)).end()
    await world.pass(200)
    t.ok(peer.unsent > sent.length / 2, `${peer.unsent} bytes wait at the peer`)
    peer.resume()
    await world.until('the end both ways', () => ended && peer.ended)
    t.equal(digest(Buffer.concat(read)), digest(sent))
  },

  'the end that came with the input is read from the socket as an end': async (t, world) => {
    const read: Buffer[] = []
    let ended = false
    const { server } = await world.serve({
      data: () => ['bye', Action.Detach],
      detached(_id, socket) {
        socket.on('data', bytes => void read.push(bytes))
        socket.on('end', () => {
          ended = true
          socket.end()
        })
      },
    })
    const peer = world.connect(server).send('x').end()
    await world.until('the end', () => ended && peer.ended)
    t.equal(peer.received, 'bye')
    t.equal(Buffer.concat(read).length, 0)
  },

  'without a detached handler, Detach counts as Close': async (t, world) => {
    let closed = 0
    const { server } = await world.serve({ data: () => ['bye', Action.Detach], closed: () => void closed++ })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended && closed === 1)
    t.equal(peer.received, 'bye')
  },

  'Detach from opened, from send and from postwrite': async (t, world) => {
    for (const from of ['opened', 'send', 'postwrite']) {
      let detached = 0
      const { server } = await world.serve({
        opened: () => ['hello', {}, from === 'opened' ? Action.Detach : Action.None],
        postwrite: () => (from === 'postwrite' ? Action.Detach : Action.None),
        detached(_id, socket) {
          detached += 1
          socket.end()
        },
      })
      const peer = world.connect(server)
      await world.until('the output', () => peer.received === 'hello')
      if (from === 'send') server.send(1, '', Action.Detach)
      await world.until('the end', () => peer.ended)
      t.equal(detached, 1, from)
    }
  },

  'the end of the loop leaves a detached socket alone, and does not wait for it': async (t, world) => {
    const sockets: Socket[] = []
    const running = await world.serve({
      data: () => ['x', Action.Detach],
      detached: (_id, given) => void sockets.push(given),
    })
    const peer = world.connect(running.server).send('x')
    await world.until('detached', () => sockets.length === 1)
    running.server.shutdown()
    await world.until('the end', () => running.ended)
    const [socket] = sockets
    t.equal(socket?.destroyed, false)
    socket?.end(' and on')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'x and on')
    socket?.destroy()
  },

  'a detached socket that is destroyed takes no descriptor of others along': async (t, world) => {
    let detached = 0
    const { server } = await world.serve({
      data: (_id, input) => (input?.includes('d') ? ['', Action.Detach] : [input]),
      detached(_id, socket) {
        detached += 1
        socket.destroy()
      },
    })
    const steady = world.connect(server).send('1')
    await world.until('the echo', () => steady.received === '1')
    for (let round = 0; round < 10; round++) {
      const peers = Array.from({ length: 20 }, () => world.connect(server).send('d'))
      await world.until('all detached', () => peers.every(peer => peer.ended || peer.error !== undefined))
    }
    t.equal(detached, 200)
    steady.send('2')
    await world.until('the echo', () => steady.received === '12')
    t.equal(server.connections, 1)
  },
}
