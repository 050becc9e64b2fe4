import { once } from 'node:events'
import * as net from 'node:net'
import t, { type Test } from 'tap'
import { type Server, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

/** Not taken over by the native transport. */
class PortableSocket extends net.Socket {}

async function connected(t: Test, portable: boolean): Promise<net.Socket> {
  const listener = net.createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const socket = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  if (portable) Object.setPrototypeOf(socket, PortableSocket.prototype)
  t.teardown(() => {
    socket.destroy()
    listener.close()
  })
  return socket
}

function refuses(t: Test, server: Server): void {
  for (const [what, received] of [
    [{}, /net\.Socket; received an object/],
    [null, /net\.Socket; received null/],
    [undefined, /net\.Socket; received undefined/],
    ['socket', /net\.Socket; received a string/],
    [7, /net\.Socket; received a number/],
  ] as const) {
    t.throws(() => server.attach(what as unknown as net.Socket), { code: 'ERR_OPTION', message: received })
  }
}

for (const portable of [false, true]) {
  const where = portable ? 'a socket of another class' : 'a plain socket'
  t.test(`garbage uses up no id, and ${where} has one owner in all loops`, async t => {
    const ids: number[] = []
    const running = serve({ opened: id => void ids.push(id) })
    const other = serve({})
    const [server, elsewhere] = [await running.listening, await other.listening]
    refuses(t, server)
    const socket = await connected(t, portable)
    t.equal(server.attach(socket), 1)
    for (const taken of [server, elsewhere]) {
      t.throws(() => taken.attach(socket), {
        code: 'ERR_UNSUPPORTED',
        message: 'attach: the socket already belongs to a loop',
      })
    }
    t.equal(server.attach(await connected(t, portable)), 2)
    t.equal(elsewhere.attach(await connected(t, portable)), 1)
    await new Promise(resolve => setTimeout(resolve, 20))
    t.strictSame(ids, [1, 2], 'each once')
    t.strictSame([server.connections, elsewhere.connections], [2, 1])
    server.shutdown()
    elsewhere.shutdown()
    await Promise.all([running, other])
  })
}

t.test('in a simulation as well', t => {
  const simulation = simulate({})
  refuses(t, simulation.server)
  simulation.connect()
  t.equal(simulation.server.connections, 1)
  t.equal(simulation.server.info(1)?.closing, false, 'no id has been used up')
  simulation.server.shutdown()
  t.end()
})
