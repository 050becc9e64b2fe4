import t from 'tap'
import { compile } from '../../benchmarks/compile.js'
import type { EchoFigures } from '../../benchmarks/load/echo-client.js'
import { LoadProcess, options } from '../../benchmarks/load/process.js'
import { gcc, isInstalled } from '../../benchmarks/programs.js'
import type { WebSocketHandlers } from '../../lib/websocket/index.js'
import { type Served, served } from '../websocket/served.js'

const skip = !isInstalled(gcc) && 'gcc is not installed (Debian: gcc)'

async function load(port: number, work: Record<string, number>, ...flags: string[]): Promise<EchoFigures> {
  const file = await compile('load/websocket-load.c')
  const args = [...options({ port, seconds: 0.1, 'in-flight': 1, ...work }), ...flags]
  const client = await LoadProcess.start({ file, args })
  try {
    return await client.run<EchoFigures>()
  } finally {
    await client.close()
  }
}

async function withServer(
  handlers: WebSocketHandlers,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  const server = await served('tcp4://127.0.0.1:0', handlers)
  await use(server).finally(server.stop)
}

t.test('the load finds every byte of an echo right', { skip }, async t => {
  await withServer({ message: (_id, data) => [data] }, async ({ port }) => {
    for (const size of [1, 125, 126, 65_535, 65_536]) {
      for (const flags of [[], ['--text']]) {
        const { requests, mismatches } = await load(port, { size, connections: 3, 'in-flight': 4 }, ...flags)
        t.ok(requests >= 12, `${size} bytes`)
        t.equal(mismatches, 0)
      }
    }
  })
})

t.test('it counts bytes that are wrong, in messages and in heads', { skip }, async t => {
  const wrong = (data: string | Buffer) => {
    const bytes = Buffer.from(data as string)
    bytes[10] = (bytes[10] ?? 0) ^ 1
    return bytes
  }
  await withServer({ message: (_id, data) => [wrong(data)] }, async ({ port }) => {
    const { requests, mismatches } = await load(port, { size: 64, connections: 2 })
    t.equal(mismatches, requests)
  })
  await withServer({ message: (_id, data) => [Buffer.from(data as string)] }, async ({ port }) => {
    const { requests, mismatches } = await load(port, { size: 64, connections: 2 }, '--text')
    t.equal(mismatches, requests, 'binary for text')
  })
})

t.test('a broadcast reaches all before the next', { skip }, async t => {
  const made: Served[] = []
  const handlers: WebSocketHandlers = {
    opened: id => void made[0]?.sockets.subscribe(id, 'all'),
    message: (_id, data) => void made[0]?.sockets.publish('all', data),
  }
  await withServer(handlers, async server => {
    made.push(server)
    const { requests, mismatches } = await load(server.port, { size: 64, connections: 20 }, '--broadcast')
    t.ok(requests >= 20)
    t.equal(requests % 20, 0)
    t.equal(mismatches, 0)
  })
})
