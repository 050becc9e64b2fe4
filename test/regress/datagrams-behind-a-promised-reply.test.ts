import { Buffer } from 'node:buffer'
import type { Test } from 'tap'
import type { Reply, Server } from '../../lib/index.js'
import type { DatagramPeer } from '../transport/udp/datagram-peer.js'
import { type DatagramWorld, inWorld } from '../transport/udp/datagram-world.js'

const EMPTY = new Uint8Array(0)

/** A loop that promises the first reply, and a way to have so many datagrams wait behind it. */
async function waiting(world: DatagramWorld, count: number, reply: (input: Buffer) => Reply) {
  let keep: (reply: Reply) => void = () => {}
  let most = 0
  let inTurn = 0
  const delivered: number[] = []
  const { server } = await world.serve({
    data(id, input) {
      if (id === 2) return ['here']
      if (input === null) return undefined
      if (String(input) === 'first') {
        return new Promise<Reply>(resolve => {
          keep = resolve
        })
      }
      // Runs between turns.
      if (inTurn === 0) process.nextTick(() => (inTurn = 0))
      inTurn += 1
      most = Math.max(most, inTurn)
      delivered.push(input.length)
      return reply(input)
    },
  })
  const peer = await world.peer(server)
  peer.send('first')
  await world.until('the first', () => server.connections === 1)
  await fill(world, server, peer, count)
  return {
    peer,
    server,
    delivered,
    keep: () => keep(undefined),
    most: () => most,
  }
}

/** Sends so many empty datagrams, no faster than they are taken in. */
async function fill(world: DatagramWorld, server: Server, peer: DatagramPeer, count: number): Promise<void> {
  const marker = await world.peer(server)
  for (let sent = 0; sent < count; sent += 100) {
    peer.send(...Array.from({ length: 100 }, () => EMPTY))
    const heard = marker.received.length
    marker.send('mark')
    await world.until('the mark behind them', () => marker.received.length > heard)
  }
}

inWorld('100,000 datagrams that waited are delivered in turns of bounded length', async (t: Test, world) => {
  const { keep, most, delivered } = await waiting(world, 100_000, () => undefined)
  t.equal(delivered.length, 0)
  keep()
  await world.until('all of them', () => delivered.length === 100_000)
  t.ok(most() <= 100, `at most ${most()} in a turn`)
})

inWorld('replies to datagrams that waited stop at the high-water mark', async (t: Test, world) => {
  const big = Buffer.alloc(60_000)
  const { keep, delivered, server } = await waiting(world, 2000, () => [big])
  let highest = 0
  keep()
  await world.until('all of them', () => {
    highest = Math.max(highest, server.pending(1))
    return delivered.length === 2000
  })
  t.ok(highest <= 1024 * 1024 + big.length, `${highest} bytes were pending`)
  t.equal(server.connections, 2, 'nobody was closed')
})
