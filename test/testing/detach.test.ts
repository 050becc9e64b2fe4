import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { Action } from '../../lib/index.js'
import { type Simulation, type SimulationOptions, simulate } from '../../lib/testing.js'

/** A loop that gives every connection away at its first input, having answered it. */
function givingAway(options: SimulationOptions = {}): { simulation: Simulation; sockets: net.Socket[] } {
  const sockets: net.Socket[] = []
  const simulation = simulate(
    {
      data: () => ['yours\n', Action.Detach],
      detached(_id, socket) {
        sockets.push(socket)
      },
    },
    options,
  )
  return { simulation, sockets }
}

function first(sockets: net.Socket[]): net.Socket {
  const [socket] = sockets
  if (socket === undefined) throw new Error('nothing was detached')
  return socket
}

t.test('a detached connection is a net.Socket with both addresses', async t => {
  const { simulation, sockets } = givingAway()
  const peer = simulation.connect().send('x')
  const socket = first(sockets)
  t.ok(socket instanceof net.Socket)
  t.equal(peer.received, 'yours\n')
  t.match(socket, {
    remoteAddress: '127.0.0.1',
    remotePort: peer.address.port,
    remoteFamily: 'IPv4',
    localAddress: '127.0.0.1',
    localPort: simulation.server.addresses[0]?.port,
    readyState: 'open',
    connecting: false,
  })
  t.equal(simulation.server.connections, 0)
  t.equal(simulation.left.connections, 0)
  simulation.server.shutdown()
  t.equal(simulation.ended, true, 'the loop does not wait for it')
  t.equal(socket.destroyed, false)
})

t.test('its bytes go both ways, and ends too', async t => {
  const { simulation, sockets } = givingAway()
  const peer = simulation.connect({ allowHalfOpen: true }).send('x')
  const socket = first(sockets).setEncoding('utf8')
  peer.send('to the new owner')
  t.same(await once(socket, 'data'), ['to the new owner'])
  socket.write('from it')
  socket.cork()
  socket.write(Buffer.from(', in '))
  socket.write('cmlnaHQ', 'base64')
  socket.uncork()
  await simulation.settle()
  t.equal(peer.received, 'yours\nfrom it, in right')
  peer.end()
  socket.resume()
  await once(socket, 'end')
  t.equal(peer.ended, false)
  socket.end('bye')
  await once(socket, 'close')
  await simulation.settle()
  t.match(peer, { received: 'yours\nfrom it, in rightbye', ended: true, closed: true, error: undefined })
})

t.test('what was read and not delivered is still readable, and its end', async t => {
  const { simulation, sockets } = givingAway({ stepwise: true })
  const peer = simulation.connect({ paused: true })
  peer.send('x')
  simulation.run()
  peer.send('unread').end()
  simulation.run()
  let rest = ''
  for await (const chunk of first(sockets).setEncoding('utf8')) rest += chunk
  t.equal(rest, 'unread')
})

t.test('its writes wait for a peer that does not read', async t => {
  const { simulation, sockets } = givingAway({ sendBuffer: 100 })
  const peer = simulation.connect().send('x')
  const socket = first(sockets)
  peer.pause()
  let written = false
  socket.write('z'.repeat(1000), () => {
    written = true
  })
  await simulation.settle()
  t.equal(written, false)
  peer.take()
  peer.resume()
  await simulation.settle()
  t.equal(written, true)
  t.equal(peer.received.length, 1000)
})

t.test('a reset comes as an error, and destroying with output pending resets', async t => {
  const { simulation, sockets } = givingAway({ sendBuffer: 10 })
  const peer = simulation.connect().send('x')
  const socket = first(sockets)
  peer.reset()
  const [error] = await once(socket, 'error')
  t.match(error, { code: 'ECONNRESET', syscall: 'read' })
  t.equal(socket.destroyed, true)

  const other = simulation.connect().send('x')
  other.pause()
  const second = sockets[1]
  second?.write('more than fits')
  second?.destroy()
  await simulation.settle()
  other.resume()
  t.match(other.error, { code: 'ECONNRESET' })
})

t.test('nothing of what a peer sent is lost in between, in whatever slices it comes', async t => {
  for (let seed = 0; seed < 100; seed++) {
    let delivered = ''
    let read = ''
    const simulation = simulate(
      {
        data(_id, input) {
          delivered += input
          return [undefined, Action.Detach]
        },
        detached(_id, socket) {
          socket.setEncoding('utf8').on('data', (text: string) => {
            read += text
          })
        },
      },
      { seed },
    )
    simulation.connect().send('abcdefghijklmnopqrstuvwxyz')
    await simulation.settle()
    t.equal(delivered + read, 'abcdefghijklmnopqrstuvwxyz', `seed ${seed}`)
  }
})
