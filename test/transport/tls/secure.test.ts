import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as net from 'node:net'
import { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import t from 'tap'
import { Action, type TlsInfo } from '../../../lib/index.js'
import { until } from '../until.js'
import { promised } from './on-tls.js'
import { asked, ca, credentials, over, starttls, story, trial } from './starttls.js'

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  await trial(t, `${version}: a connection becomes TLS behind its answer`, async (t, scheme) => {
    const { port, lines, server, closed } = await story(t, scheme, starttls())
    const client = over(await asked(port), { maxVersion: version })
    client.write('hello')
    const [answer] = await once(client, 'data')
    t.equal(String(answer), 'you said hello')
    t.match(server.info(1)?.tls, { protocol: version, servername: 'localhost' })
    client.end()
    await closed
    t.strictSame(lines, ['data STARTTLS\n', `secured ${version}`, 'data hello', 'closed in order'])
  })
}

await trial(t, 'what came in the clear behind the command is never delivered', async (t, scheme) => {
  const { port, lines, closed } = await story(t, scheme, server => ({
    data(id) {
      server().pause(id)
      server().secure(id, credentials)
      server().resume(id)
      return undefined
    },
  }))
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.setNoDelay(true)
  socket.write('STARTTLS\n')
  await until('the command has come', () => lines.length > 0)
  socket.write('RSET\n'.repeat(1000))
  t.match(await closed, { code: 'ERR_TLS', message: /handshake with tcp4:.*: / })
  t.strictSame(lines, ['data STARTTLS\n', 'closed ERR_TLS'])
  socket.destroy()
})

await trial(t, 'input that was held back is the handshake’s', async (t, scheme) => {
  const { port, lines, server } = await story(t, scheme, () => ({
    opened: () => [null, { paused: true }],
    data: (_id, input) => [`you said ${input}`],
  }))
  const client = tls.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
  client.on('error', () => {})
  client.write('hello')
  await until('it is there', () => server.info(1) !== undefined)
  t.equal(server.secure(1, credentials), true)
  server.resume(1)
  const [answer] = await once(client, 'data')
  t.equal(String(answer), 'you said hello')
  t.strictSame(lines, ['secured TLSv1.3', 'data hello'])
  client.destroy()
})

await trial(
  t,
  'much that is pending goes in the clear first, whatever comes later encrypted',
  async (t, scheme) => {
    const before = randomBytes(3 * 1024 * 1024)
    const after = randomBytes(3 * 1024 * 1024)
    const tokens: string[] = []
    const { port, server } = await story(t, scheme, server => ({
      data(id) {
        server().send(id, before, { token: 'before' })
        server().secure(id, credentials)
        server().send(id, after, { token: 'after' })
        return undefined
      },
      sent(_id, token, error) {
        tokens.push(`${token}${error === undefined ? '' : ` ${error}`}`)
      },
    }))
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('go')
    const plain: Buffer[] = []
    let size = 0
    for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
      plain.push(bytes)
      size += bytes.length
      if (size >= before.length) break
    }
    t.ok(Buffer.concat(plain).equals(before), 'the plain part is whole, and nothing follows it')
    t.strictSame(tokens, ['before'])
    t.equal(server.pending(1), after.length)
    const client = over(socket)
    const secret: Buffer[] = []
    size = 0
    for await (const bytes of client) {
      secret.push(bytes)
      size += bytes.length
      if (size >= after.length) client.end()
    }
    t.ok(Buffer.concat(secret).equals(after), 'so is the other')
    t.strictSame(tokens, ['before', 'after'])
  },
)

await trial(
  t,
  'a client turns to TLS, and says nothing to a server that it does not trust',
  async (t, scheme) => {
    for (const trusted of [true, false]) {
      const heard: Buffer[] = []
      const secrets: string[] = []
      const other = net.createServer(socket => {
        socket.on('error', () => {})
        socket.once('data', bytes => {
          heard.push(bytes)
          socket.write('220 go ahead\n')
          const secure = new tls.TLSSocket(socket, { isServer: true, ...credentials })
          secure.on('error', () => {})
          secure.on('data', bytes => {
            secrets.push(String(bytes))
            secure.end('welcome')
          })
        })
      })
      other.listen(0, '127.0.0.1')
      await once(other, 'listening')
      t.teardown(() => other.close())
      const infos: TlsInfo[] = []
      const { server, lines, closed } = await story(t, scheme, server => ({
        opened: () => ['STARTTLS\n'],
        data(id, input) {
          if (!String(input).includes('go ahead')) return undefined
          server().secure(id, { ...(trusted ? { ca } : {}) })
          return ['my password']
        },
        secured(_id, info) {
          infos.push(info)
        },
      }))
      server.dial(`${scheme}://localhost:${(other.address() as net.AddressInfo).port}`)
      const error = await closed
      t.equal(String(Buffer.concat(heard)), 'STARTTLS\n')
      if (trusted) {
        t.match(lines, ['data 220 go ahead\n', 'secured TLSv1.3', 'data welcome', 'closed in order'])
        t.strictSame(secrets, ['my password'])
        t.match(infos, [{ authorized: true, servername: 'localhost' }])
      } else {
        t.match(error, { code: 'ERR_TLS', message: /certificate/ })
        t.strictSame(secrets, [])
        t.strictSame(infos, [])
      }
    }
  },
)

await trial(t, 'a peer that stays silent is given up after handshakeTimeout', async (t, scheme) => {
  const { port, closed } = await story(t, scheme, starttls({ ...credentials, handshakeTimeout: 50 }))
  const socket = await asked(port)
  t.match(await closed, { code: 'ETIMEDOUT', message: /not completed within 50 ms/ })
  socket.destroy()
})

await trial(t, 'a peer that ends instead is told of', async (t, scheme) => {
  const { port, closed } = await story(t, scheme, starttls())
  const socket = await asked(port)
  socket.end()
  t.match(await closed, { code: 'ECONNRESET' })
})

await trial(t, 'Close, and End, wait for the handshake and go out encrypted', async (t, scheme) => {
  for (const action of [Action.Close, Action.End]) {
    const { port, closed, lines } = await story(t, scheme, server => ({
      data(id) {
        server().send(id, '220 go ahead\n')
        server().secure(id, credentials)
        return ['bye', action]
      },
    }))
    const client = over(await asked(port))
    let heard = ''
    for await (const bytes of client) heard += bytes
    t.equal(heard, 'bye')
    t.equal(await closed, undefined)
    t.equal(lines[0], 'data STARTTLS\n')
  }
})

await trial(t, 'Detach hands over a socket of plain bytes, once the handshake is done', async (t, scheme) => {
  for (const when of ['at once', 'meanwhile', 'secured'] as const) {
    const { port, server } = await story(t, scheme, server => ({
      data(id) {
        server().send(id, '220 go ahead\n')
        server().secure(id, credentials)
        return when === 'at once' ? [null, Action.Detach] : undefined
      },
      secured: () => (when === 'secured' ? ['hello ', Action.Detach] : undefined),
      detached(_id, socket) {
        socket.on('error', () => {})
        socket.write('from the socket')
        socket.on('data', bytes => socket.end(`; you said ${bytes}`))
      },
    }))
    const socket = await asked(port)
    if (when === 'meanwhile') {
      // A record has come in part, so that the handshake is under way.
      socket.write(Buffer.from([22, 3]))
      await until('its begin', () => server.pending(1) === 0)
      t.equal(server.send(1, '', { action: Action.Detach }), true)
      t.equal(server.stats().detached, 0)
    }
    const client = over(when === 'meanwhile' ? behind(socket, 2) : socket)
    client.write('hi')
    let heard = ''
    for await (const bytes of client) heard += bytes
    t.equal(heard, `${when === 'secured' ? 'hello ' : ''}from the socket; you said hi`, when)
  }
})

/** Leaves out the first bytes of what goes to a socket: they have gone before. */
function behind(socket: net.Socket, size: number): Duplex {
  let left = size
  const stream = new Duplex({
    read() {
      socket.resume()
    },
    write(bytes: Buffer, _encoding, done) {
      const rest = bytes.subarray(left)
      left = Math.max(0, left - bytes.length)
      socket.write(rest, done)
    },
    final(done) {
      socket.end(done)
    },
  })
  socket.on('data', bytes => {
    if (!stream.push(bytes)) socket.pause()
  })
  socket.on('end', () => stream.push(null))
  return stream
}

await trial(t, 'a Detach that waits for a handshake which fails', async (t, scheme) => {
  const { port, server, closed, lines } = await story(t, scheme, server => ({
    data(id) {
      server().send(id, '220 go ahead\n')
      server().secure(id, credentials)
      return [null, Action.Detach]
    },
    detached: (_id, socket) => void socket.destroy(),
  }))
  const socket = await asked(port)
  socket.write('this is no handshake at all\n')
  t.match(await closed, { code: 'ERR_TLS' })
  t.strictSame(lines, ['data STARTTLS\n', 'closed ERR_TLS'])
  t.equal(server.stats().detached, 0)
  socket.destroy()
})

await trial(t, 'secured replies as data does, also later', async (t, scheme) => {
  const { port } = await story(t, scheme, server => ({
    data(id) {
      server().send(id, '220 go ahead\n')
      server().secure(id, credentials)
      return undefined
    },
    secured: async (_id, info) => [`${info.protocol} it is`, Action.Close],
  }))
  const client = over(await asked(port))
  let heard = ''
  for await (const bytes of client) heard += bytes
  t.equal(heard, 'TLSv1.3 it is')
})

await trial(t, 'a connection that waits for a promise still shakes hands', async (t, scheme) => {
  const secured = promised<void>()
  const { port } = await story(t, scheme, server => ({
    async data(id, input) {
      if (String(input) === 'late') return ['answer', Action.Close]
      server().send(id, '220 go ahead\n')
      server().secure(id, credentials)
      await secured.promise
      return ['promised ']
    },
    secured() {
      secured.resolve()
    },
  }))
  const client = over(await asked(port))
  client.write('late')
  let heard = ''
  for await (const bytes of client) heard += bytes
  t.equal(heard, 'promised answer')
})

await trial(t, 'it is refused where it cannot be', async (t, scheme) => {
  const { port, server, lines } = await story(t, scheme, starttls())
  t.equal(server.secure(1, credentials), false, 'an id that is not open')
  const client = over(await asked(port))
  await until('secured', () => lines.length === 2)
  t.throws(() => server.secure(1, credentials), {
    code: 'ERR_UNSUPPORTED',
    message: /connection 1: the connection already uses TLS/,
  })
  client.destroy()
  const plain = net.connect(port, '127.0.0.1')
  plain.on('error', () => {})
  await once(plain, 'data')
  t.throws(() => server.secure(2, {}), {
    code: 'ERR_OPTION',
    message: /connection 2: a server requires the options cert and key/,
  })
  t.throws(() => server.secure(2, { servername: 'a' }), {
    code: 'ERR_OPTION',
    message: /unknown option "servername"/,
  })
  t.throws(() => server.secure(2, { isServer: 1 as never }), {
    code: 'ERR_OPTION',
    message: /isServer: expected true or false/,
  })
  t.throws(() => server.secure(2, { isServer: false, ca }), {
    code: 'ERR_OPTION',
    message: /requires option servername/,
  })
  t.throws(() => server.secure(2, null as never), {
    code: 'ERR_OPTION',
    message: /must be an object; received null/,
  })
  plain.write('still here')
  const [answer] = await once(plain, 'data')
  t.equal(String(answer), 'you said still here', 'nothing was changed')
  plain.destroy()
})
