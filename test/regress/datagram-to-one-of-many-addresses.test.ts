import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'

const skip = nativeMissing() ?? (process.platform === 'linux' ? false : 'only Linux has all of 127.0.0.0/8')

/** A server on that address which answers with what it knows of the peer, for as long as the test runs. */
async function start(t: Test, address: string): Promise<number> {
  return new Promise(resolve => {
    let running: Server | undefined
    const names = new Map<number, string>()
    const served = serve(
      {
        serving(server) {
          running = server
          resolve(server.addresses[0]?.port ?? 0)
        },
        opened(id, { localAddress }) {
          names.set(id, localAddress.host)
        },
        data: (id, input) => (String(input) === 'close' ? ['', Action.Close] : [`${id} ${names.get(id)}`]),
      },
      address,
    )
    t.teardown(() => {
      running?.shutdown()
      return served
    })
  })
}

function client(t: Test, type: 'udp4' | 'udp6' = 'udp4'): Socket {
  const socket = createSocket(type)
  t.teardown(() => socket.close())
  return socket
}

/** What comes back, and from where. */
async function ask(socket: Socket, port: number, host: string): Promise<string> {
  socket.send('who', port, host)
  const [answer, from] = await once(socket, 'message')
  return `${answer} from ${from.address}`
}

for (const address of ['udp4://:0', 'udp://:0']) {
  t.test(`${address} answers from the address that was asked`, { skip }, async t => {
    const port = await start(t, address)
    const one = client(t)
    t.equal(await ask(one, port, '127.0.0.77'), '1 127.0.0.77 from 127.0.0.77')
    t.equal(
      await ask(one, port, '127.0.0.1'),
      '2 127.0.0.1 from 127.0.0.1',
      'another address is another peer',
    )
    t.equal(await ask(one, port, '127.0.0.77'), '1 127.0.0.77 from 127.0.0.77')
    const connected = client(t)
    connected.connect(port, '127.0.0.99')
    await once(connected, 'connect')
    connected.send('who')
    const [answer] = await once(connected, 'message')
    t.equal(String(answer), '3 127.0.0.99')
  })
}

t.test('more addresses than have a number of their own are told apart', { skip }, async t => {
  const port = await start(t, 'udp4://:0')
  const one = client(t)
  for (const round of [0, 1]) {
    for (let last = 1; last <= 70; last++) {
      const host = `127.0.1.${last}`
      t.equal(await ask(one, port, host), `${last} ${host} from ${host}`, `round ${round}`)
    }
  }
})

t.test('IPv6 as well', { skip }, async t => {
  const port = await start(t, 'udp6://:0')
  const answer = await ask(client(t, 'udp6'), port, '::1')
  t.equal(answer, '1 ::1 from ::1')
})

t.test('a binding to one address knows it', { skip }, async t => {
  const port = await start(t, 'udp4://127.0.0.5:0')
  t.equal(await ask(client(t), port, '127.0.0.5'), '1 127.0.0.5 from 127.0.0.5')
})

t.test('an answer to a broadcast leaves from an address of the interface', { skip }, async t => {
  const port = await start(t, 'udp4://:0')
  const socket = client(t)
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  socket.setBroadcast(true)
  t.match(await ask(socket, port, '127.255.255.255'), /^1 127\.0\.0\.1 from 127\.0\.0\.1$/)
})
