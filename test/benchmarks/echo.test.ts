import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { compile } from '../../benchmarks/compile.js'
import { EchoClient, type EchoFigures } from '../../benchmarks/load/echo-client.js'
import { type FloodFigures, startFlood } from '../../benchmarks/load/flood.js'
import { LoadProcess, options } from '../../benchmarks/load/process.js'
import { gcc, isInstalled } from '../../benchmarks/programs.js'
import { start } from '../../benchmarks/server.js'

const skip = !isInstalled(gcc) && 'there is no gcc'
const work = { size: 700, connections: 3, inFlight: 4, seconds: 0.1 }

async function listening(t: Test, handle: (socket: Socket, bytes: Buffer) => void): Promise<number> {
  const server = createServer(socket => {
    socket.on('data', bytes => handle(socket, bytes)).on('error', () => {})
    t.teardown(() => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const echo = (socket: Socket, bytes: Buffer) => socket.write(bytes)
/** Turns over one bit of each piece. */
const spoil = (socket: Socket, bytes: Buffer) => {
  bytes[0] = (bytes[0] ?? 0) ^ 1
  socket.write(bytes)
}

function checkFigures(t: Test, { requests, seconds, p50, p99 }: EchoFigures): void {
  t.ok(requests >= work.connections * work.inFlight, `${requests} requests`)
  // A timer of Node's may come up to a millisecond early.
  t.ok(seconds >= work.seconds - 0.001 && seconds < 10, `${seconds} s`)
  t.ok(p50 > 0 && p50 <= p99 && p99 < 10, `p50 ${p50} s, p99 ${p99} s`)
}

async function runC(port: number, folder: string): Promise<EchoFigures> {
  const { size, connections, inFlight, seconds } = work
  const args = options({ port, size, connections, 'in-flight': inFlight, seconds })
  const load = await LoadProcess.start({ file: await compile('load/echo-load.c', { folder }), args })
  return load.run<EchoFigures>().finally(() => load.close())
}

t.test('the client in TypeScript gets every byte back from an echo', async t => {
  const client = new EchoClient({ ...work, port: await listening(t, echo) })
  t.teardown(() => client.close())
  await client.connect()
  const figures = await client.run()
  t.equal(figures.mismatches, 0)
  checkFigures(t, figures)
})

t.test('the client in TypeScript sees spoilt bytes, and a server that closes', async t => {
  const client = new EchoClient({ ...work, port: await listening(t, spoil) })
  t.teardown(() => client.close())
  await client.connect()
  t.ok((await client.run()).mismatches > 0)
  const closed = new EchoClient({ ...work, port: await listening(t, socket => socket.end()) })
  t.teardown(() => closed.close())
  await closed.connect()
  await t.rejects(closed.run(), /the server closed a connection/)
})

t.test('the client in C gets every byte back from an echo', { skip }, async t => {
  const figures = await runC(await listening(t, echo), t.testdir())
  t.equal(figures.mismatches, 0)
  checkFigures(t, figures)
})

t.test('the client in C sees spoilt bytes, and a server that closes', { skip }, async t => {
  const folder = t.testdir()
  t.ok((await runC(await listening(t, spoil), folder)).mismatches > 0)
  await t.rejects(runC(await listening(t, socket => socket.end()), folder), /the server closed a connection/)
})

t.test('the server in C echoes, also to a peer that is slow to read', { skip }, async t => {
  const folder = t.testdir()
  const server = await start({
    name: 'epoll',
    about: () => '',
    command: async port => ({
      file: await compile('servers/epoll-echo.c', { folder }),
      args: ['--port', String(port)],
    }),
  })
  t.teardown(() => server.stop())
  const large = { port: server.port, size: 3_000_000, connections: 2, inFlight: 2, seconds: 0.1 }
  const client = new EchoClient(large)
  t.teardown(() => client.close())
  await client.connect()
  const figures = await client.run()
  t.equal(figures.mismatches, 0)
  t.ok(figures.requests >= 4)
})

t.test('a flood makes each connection once, and gets every byte back', { skip }, async t => {
  let made = 0
  const once = new WeakSet<Socket>()
  const port = await listening(t, (socket, bytes) => {
    if (!once.has(socket)) made++
    once.add(socket)
    socket.write(bytes)
  })
  const { requests, mismatches, p50, p99, max } = await flood({ port, atOnce: 3 })
  t.same({ requests, mismatches, made }, { requests: 50, mismatches: 0, made: 50 })
  t.ok(p50 > 0 && p50 <= p99 && p99 <= max * 1.02, `p50 ${p50} s, p99 ${p99} s, max ${max} s`)
  t.equal((await flood({ port, atOnce: 50 })).requests, 50)
})

t.test('a flood that is held goes on with some', { skip }, async t => {
  const port = await listening(t, echo)
  const { requests, mismatches } = await flood({ port, atOnce: 20, hold: { active: 2, seconds: 0.05 } })
  t.equal(mismatches, 0)
  t.ok(requests >= 2)
})

t.test('a flood sees spoilt bytes, and a server that closes too soon', { skip }, async t => {
  t.ok((await flood({ port: await listening(t, spoil), atOnce: 5 })).mismatches > 0)
  const closing = await listening(t, (socket, bytes) => socket.end(bytes.subarray(1)))
  await t.rejects(flood({ port: closing, atOnce: 5 }), /the server closed a connection/)
})

async function flood(work: {
  port: number
  atOnce: number
  hold?: { active: number; seconds: number }
}): Promise<FloodFigures> {
  const load = await startFlood({ size: 1024, connections: 50, ...work })
  return load.run<FloodFigures>().finally(() => load.close())
}
