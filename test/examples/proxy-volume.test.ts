import { once } from 'node:events'
import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { onBoth } from '../transport/on-both.js'
import { pattern } from '../transport/pattern.js'
import { listen, ProxyProgram } from './proxied.js'

const MIB = 1024 * 1024
/** Of a length that divides nothing on the way, so that no place in the stream looks like a near one. */
const BLOCK = pattern(MIB + 7)
/** The block again and again, in which what comes in a piece can be found whole. */
const TWICE = Buffer.concat([BLOCK, BLOCK])
const PAUSES = 8
/** What a bare Node.js has resident, and some. Far below what goes through. */
const ENOUGH = 160 * MIB

for (const [slow, size] of [
  ['client', 512 * MIB],
  ['target', 512 * MIB],
] as const) {
  await onBoth(
    t,
    `${size / MIB} MiB to a ${slow} that is slow pass in bounded memory, with nothing lost or moved`,
    async (t, transport) => {
      const target = net.createServer({ allowHalfOpen: true })
      const proxy = await ProxyProgram.start(t, await listen(t, target), transport)
      const client = proxy.connect()
      const [accepted] = (await once(target, 'connection')) as [net.Socket]
      const [from, to] = slow === 'client' ? [accepted, client] : [client, accepted]
      await Promise.all([send(from, size), receive(t, from, to, size)])
      t.ok(proxy.mostResident < ENOUGH, `at most ${Math.round(proxy.mostResident / MIB)} MiB resident`)
      t.equal(proxy.errors, '')
      to.end()
      from.resume()
      await once(from, 'end')
    },
  )
}

async function send(socket: net.Socket, size: number): Promise<void> {
  for (let left = size; left > 0; left -= BLOCK.length) {
    if (!socket.write(left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK)) await once(socket, 'drain')
  }
  socket.end()
}

/** Reads to the end, and stops now and then until the sender can send no more. */
async function receive(t: Test, from: net.Socket, to: net.Socket, size: number): Promise<void> {
  let received = 0
  let right = true
  let pauses = 0
  for await (const bytes of to as AsyncIterable<Buffer>) {
    const place = received % BLOCK.length
    right &&= bytes.equals(TWICE.subarray(place, place + bytes.length))
    received += bytes.length
    if (received < (size / (PAUSES + 1)) * (pauses + 1) || received === size) continue
    pauses += 1
    await standstill(from)
  }
  t.equal(received, size)
  t.ok(right, 'every byte is in its place')
  t.equal(pauses, PAUSES)
}

/** Waits until nothing more leaves: everything on the way is full. */
async function standstill(socket: net.Socket): Promise<void> {
  for (let before = -1, left = 0; left !== before; left = socket.bytesWritten - socket.writableLength) {
    before = left
    await sleep(20)
  }
}
