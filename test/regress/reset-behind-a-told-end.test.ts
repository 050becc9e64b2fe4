import { once } from 'node:events'
import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Action, type Events, type Options, serve } from '../../lib/index.js'
import { NetTransport } from '../../lib/transport/node/tcp.js'
import { NetLink } from '../../lib/transport/node/tcp-link.js'
import type { Host } from '../../lib/transport/transport.js'
import { openDescriptors } from '../transport/descriptors.js'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'

interface Told {
  readonly ended: number[]
  readonly closed: [number, string | undefined][]
  port: number
}

/** A server of half-open connections that keeps what it is told. */
async function start(
  t: Test,
  transport: 'net' | 'native',
  options: Options<undefined>,
  events: Events = {},
): Promise<Told> {
  const told: Told = { ended: [], closed: [], port: 0 }
  let listening: () => void = () => {}
  const listens = new Promise<void>(resolve => (listening = resolve))
  const running = serve(
    {
      serving(server) {
        told.port = server.addresses[0]?.port ?? 0
        t.teardown(() => {
          server.shutdown({ timeout: 0 })
          return running
        })
        listening()
      },
      opened: () => ['', { halfOpen: true, ...options }],
      data() {},
      ended: id => void told.ended.push(id),
      closed: (id, error) => void told.closed.push([id, (error as NodeJS.ErrnoException | undefined)?.code]),
      ...events,
    },
    `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
  )
  await listens
  return told
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

/** Whether the event loop rests, as it does where nothing is polled in vain. */
async function rests(): Promise<boolean> {
  for (let tries = 0; tries < 50; tries++) {
    const start = performance.eventLoopUtilization()
    await sleep(100)
    if (performance.eventLoopUtilization(start).utilization < 0.5) return true
  }
  return false
}

await onBoth(t, 'a reset behind an end that was told closes', async (t, transport) => {
  const told = await start(t, transport, {})
  const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(told.port)))
  for (const socket of sockets) socket.end('last words')
  await until('their ends', () => told.ended.length === sockets.length)
  t.equal(told.closed.length, 0)
  t.ok(await rests(), 'nothing spins while they are half open')
  for (const socket of sockets) socket.resetAndDestroy()
  await until('their closing', () => told.closed.length === sockets.length)
  for (const [, code] of told.closed) t.match(code, /ECONNRESET|EPIPE/)
})

await onBoth(t, 'a reset while input is paused closes, behind what came before', async (t, transport) => {
  const told = await start(t, transport, { paused: true })
  const socket = await connect(told.port)
  socket.write(Buffer.alloc(300_000, 'x'))
  await sleep(50)
  socket.resetAndDestroy()
  await until('its closing', () => told.closed.length === 1)
  t.match(told.closed[0]?.[1], /ECONNRESET|EPIPE/)
})

await onBoth(t, 'both sides may have ended, and nothing spins', async (t, transport) => {
  let answer: (reply: [string, Action]) => void = () => {}
  const told = await start(
    t,
    transport,
    {},
    {
      ended(id) {
        told.ended.push(id)
        return new Promise(resolve => (answer = resolve as typeof answer))
      },
      data: () => ['', Action.End],
    },
  )
  const socket = await connect(told.port)
  socket.on('data', () => {})
  socket.end('request')
  await until('the end', () => told.ended.length === 1)
  t.ok(await rests())
  t.equal(told.closed.length, 0)
  answer(['', Action.Close])
  await until('its closing', () => told.closed.length === 1)
  t.equal(told.closed[0]?.[1], undefined)
})

await onBoth(t, 'a peer that ends stays connected for what is still to be said', async (t, transport) => {
  let say: () => void = () => {}
  const told = await start(
    t,
    transport,
    {},
    {
      ended(id) {
        told.ended.push(id)
        return new Promise(resolve => (say = () => resolve(['an answer', Action.Close])))
      },
    },
  )
  const socket = await connect(told.port)
  let got = ''
  socket.on('data', bytes => (got += bytes))
  socket.end('request')
  await until('the end', () => told.ended.length === 1)
  await sleep(600)
  t.equal(told.closed.length, 0)
  say()
  await once(socket, 'end')
  t.equal(got, 'an answer')
})

// Node refuses to reset a socket whose shutdown is in progress, keeps its descriptor, and never exits.
await t.test('a reset while an end of this side is in transit, on net', async t => {
  const listener = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  t.teardown(() => listener.close())
  await once(listener, 'listening')
  const transport = new NetTransport({ turn: run => run() } as Host)
  const before = openDescriptors()
  const accepted = once(listener, 'connection') as Promise<[net.Socket]>
  const peer = await connect((listener.address() as net.AddressInfo).port)
  const [socket] = await accepted
  peer.resume()
  const link = new NetLink(transport, socket, undefined)
  link.end()
  link.close({ reset: true })
  await once(peer, 'end')
  peer.destroy()
  await until('both descriptors to be closed', () => openDescriptors() === before)
  t.pass('none is left')
})
