import { once } from 'node:events'
import * as net from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Action, type Layer, serve, translate } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

/** More than the system's buffers on the way hold. */
const MUCH = 40_000_000

const layers: Readonly<Record<string, (wire: Duplex) => Layer>> = {
  functions: () => ({ decode: bytes => bytes, encode: bytes => bytes }),
  streams: () => ({ decode: new PassThrough(), encode: new PassThrough() }),
  'a duplex': wire => Duplex.from({ readable: wire, writable: wire }),
}

/** How many of the bytes that were given to it a socket has got rid of, when no more go. */
async function takenOf(socket: net.Socket): Promise<number> {
  for (let before = -1; ; ) {
    const taken = MUCH - socket.writableLength
    if (taken === before) return taken
    before = taken
    await sleep(300)
  }
}

for (const [name, make] of Object.entries(layers)) {
  await onBoth(t, `a Detach that waits reads no more through ${name}`, async (t, transport) => {
    let asked: () => void = () => {}
    const detaching = new Promise<void>(resolve => (asked = resolve))
    const events = translate(
      {
        opened: () => [Buffer.alloc(MUCH), { highWaterMark: MUCH, writeTimeout: 0 }],
        data() {
          asked()
          return [null, Action.Detach]
        },
        detached: (_id, socket) => void socket.destroy(),
      },
      () => true,
      (_id, wire) => make(wire),
    )
    const running = serve(events, `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`)
    const server = await running.listening
    const socket = net.connect({ port: server.addresses[0]?.port ?? 0, host: '127.0.0.1' })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write('x')
    await detaching
    for (let left = MUCH; left > 0; left -= 1_000_000) socket.write(Buffer.alloc(1_000_000))
    const taken = await takenOf(socket)
    t.ok(taken < MUCH / 2, `${taken} bytes were taken`)
    t.equal(server.connections, 1, 'it waits')
    socket.destroy()
    server.shutdown({ timeout: 0 })
    await running
  })
}
