import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Action, type Reply } from '../../../lib/index.js'
import type { Peer, World } from '../world.js'
import type { Rules } from './rule.js'

/** An id, and a descriptor, identifies one connection and no other. */
export const identity: Rules = {
  'what is meant for one that is gone never reaches the next in its place': async (t, world) => {
    const gone: number[] = []
    const refused: boolean[] = []
    const { server } = await world.serve({
      opened: () => ['hello'],
      data: () => ['', Action.Close],
      closed(id) {
        gone.push(id)
        // The successor of this connection is already on its way.
        world.connect(server, { allowHalfOpen: true })
        refused.push(server.send(id, 'late'), server.wake(id))
      },
    })
    const peers: Peer[] = []
    for (let round = 1; round <= 10; round++) {
      const peer = world.connect(server, { allowHalfOpen: true })
      await world.until('hello', () => peer.received === 'hello')
      for (const id of gone) refused.push(server.send(id, 'late'), server.wake(id))
      peer.send('x').end()
      await world.until('its end', () => peer.ended && gone.length === round)
      peers.push(peer)
    }
    t.ok(refused.length > 20 && refused.every(taken => !taken))
    for (const peer of peers) t.equal(peer.received, 'hello')
  },

  'no input is delivered under the id of another, whoever comes and goes': async (t, world) => {
    const tags = new Map<number, number>()
    let crossed = 0
    let inputs = 0
    const ids: number[] = []
    const { server } = await world.serve({
      opened(id) {
        ids.push(id)
        return [undefined, { maxPending: 1000 }]
      },
      data(id, input): Reply {
        if (input === null) return
        inputs += 1
        const [tag = 0] = input
        tags.set(id, tags.get(id) ?? tag)
        if (!input.every(byte => byte === tags.get(id))) crossed += 1
        // Others are closed at once, by an overflow, or in order; their earlier input is in the same batch.
        const other = ids[(id * 7) % ids.length] ?? 0
        if (other !== id && id % 3 === 0 && server.send(other, 'x')) server.send(other, 'x'.repeat(2000))
        if (other !== id && id % 3 === 1) server.send(other, '', Action.Close)
        return [input.subarray(0, 1)]
      },
    })
    for (let round = 0; round < 10; round++) {
      const peers = Array.from({ length: 20 }, (_, index) => {
        const tag = String.fromCharCode(33 + ((round * 20 + index) % 90))
        return { tag, peer: world.connect(server, { allowHalfOpen: true }).send(tag.repeat(50)) }
      })
      await world.until('all answered or gone', () =>
        peers.every(({ peer }) => peer.received !== '' || peer.ended || peer.error !== undefined),
      )
      for (const { tag, peer } of peers) {
        t.ok([...peer.received].every(letter => letter === tag))
        peer.close()
      }
    }
    t.ok(inputs > 50, `${inputs} inputs`)
    t.equal(crossed, 0)
  },

  'no descriptor is closed that the loop has not opened': async (t, world) => {
    if (!world.real) return void t.pass('descriptors', { skip: 'a simulation has none' })
    const files: number[] = []
    const dialled: number[] = []
    const closed = new Set<number>()
    const { server } = await world.serve({
      opened: () => void files.push(openSync(import.meta.filename, 'r')),
      data: (_id, input): Reply => [input, input?.includes('d') ? Action.Detach : Action.Close],
      closed(id) {
        closed.add(id)
        files.push(openSync(import.meta.filename, 'r'))
      },
      detached(_id, socket) {
        socket.destroy()
        files.push(openSync(import.meta.filename, 'r'))
      },
    })
    for (let round = 0; round < 15; round++) {
      const peers = Array.from({ length: 10 }, (_, index) =>
        world.connect(server).send('xdc'[index % 3] ?? ''),
      )
      await world.until('all gone', () => peers.every(peer => peer.ended || peer.error !== undefined))
      for (const [index, peer] of peers.entries()) if (index % 2 === 0) peer.close()
      dialled.push(server.dial(unreachable(world)))
    }
    await world.until('all gone', () => server.connections === 0 && dialled.every(id => closed.has(id)))
    t.equal(files.length >= 300, true)
    const byte = Buffer.alloc(1)
    for (const file of files) {
      readSync(file, byte, 0, 1, 0)
      closeSync(file)
    }
  },

  'every descriptor is closed for programs that are started': async (t, world) => {
    if (!world.real || process.platform !== 'linux') {
      return void t.pass('descriptors', { skip: 'only Linux shows how they were opened' })
    }
    let detached: Socket | undefined
    const { server } = await world.serve({
      data: (_id, input): Reply => (input?.includes('d') ? ['d', Action.Detach] : [input]),
      detached: (_id, socket) => {
        detached = socket
      },
    })
    const id = server.dial(String(server.addresses[0]))
    await world.until('the dialled one', () => server.send(id, 'x'))
    const peer = world.connect(server).send('d')
    await world.until('the detached one', () => peer.received === 'd' && detached !== undefined)
    const sockets = readdirSync('/proc/self/fd').filter(isSocket)
    t.ok(sockets.length >= 5, `${sockets.length} sockets`)
    for (const fd of sockets) {
      const flags = /flags:\s*([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
      t.ok(Number.parseInt(flags, 8) & 0o2000000, `descriptor ${fd}`)
    }
    detached?.destroy()
  },

  'a rush of connections leaves the others their turn': async (t, world) => {
    if (!world.real) return void t.pass('the turns of the event loop', { skip: 'a simulation has none' })
    let openedInTurn = 0
    let most = 0
    const { server } = await world.serve({
      opened() {
        openedInTurn += 1
        most = Math.max(most, openedInTurn)
        setImmediate(() => {
          openedInTurn = 0
        })
      },
    })
    const peers = Array.from({ length: world.handshakes ? 200 : 400 }, () => world.connect(server))
    await world.until('all open', () => server.connections === peers.length)
    t.ok(most <= 128, `${most} at most in one turn`)
  },
}

/** An unused address. */
function unreachable(world: World): string {
  if (world.network === 'unix') return world.address()
  return world.network === 'tcp6' ? 'tcp6://[::1]:1' : 'tcp4://127.0.0.1:1'
}

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
  } catch {
    return false
  }
}
