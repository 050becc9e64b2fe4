import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import { Action, type Events, type Server } from '../../../lib/index.js'
import { until } from '../until.js'
import type { Authority } from './certificates.js'
import { type Ground, onTls, portOf } from './on-tls.js'

/** What a loop has heard. */
interface Heard {
  readonly events: Events
  readonly failures: NodeJS.ErrnoException[]
  readonly closed: (NodeJS.ErrnoException | undefined)[]
  readonly inputs: string[]
}

function heard(): Heard {
  const [failures, closed, inputs]: [NodeJS.ErrnoException[], (Error | undefined)[], string[]] = [[], [], []]
  const events: Events = {
    data(_id, input) {
      inputs.push(String(input))
      return [input]
    },
    closed: (_id, error) => void closed.push(error),
    tlsFailed: error => void failures.push(error),
  }
  return { events, failures, closed, inputs }
}

function connect(server: Server): net.Socket {
  const socket = net.connect({ port: portOf(server), host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  return socket.resume()
}

/** It still serves. */
async function lives(t: Test, server: Server, { authority }: Ground): Promise<void> {
  const socket = tls.connect({
    port: portOf(server),
    host: '127.0.0.1',
    ca: authority.cert,
    servername: 'localhost',
  })
  socket.write('alive')
  const [bytes] = await once(socket, 'data')
  t.equal(String(bytes), 'alive')
  socket.destroy()
}

/**
 * A client whose bytes go through a proxy: `pass` gets what the client sends, and what it answers goes on.
 */
function through(
  server: Server,
  options: tls.ConnectionOptions,
  pass: (bytes: Buffer, wire: net.Socket) => void,
) {
  const wire = connect(server)
  const proxy = net.createServer(near => {
    near.on('error', () => {})
    near.on('data', bytes => pass(bytes, wire))
    near.on('end', () => wire.end())
    near.on('close', () => wire.destroy())
    wire.on('data', bytes => near.write(bytes))
    wire.on('close', () => near.destroy())
    proxy.close()
  })
  return new Promise<{ client: tls.TLSSocket; wire: net.Socket }>(resolve => {
    proxy.listen(0, '127.0.0.1', () => {
      const { port } = proxy.address() as net.AddressInfo
      const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
      client.on('error', () => {})
      resolve({ client, wire })
    })
  })
}

/** A client that trusts the server, and whose errors are not the test's. */
function trusting(server: Server, { cert }: Authority, options: tls.ConnectionOptions): tls.TLSSocket {
  const client = tls.connect({
    ...{ port: portOf(server), host: '127.0.0.1', ca: cert, servername: 'localhost' },
    ...options,
  })
  client.on('error', () => {})
  return client
}

await onTls(t, 'garbage, empty connections and lone records are failed handshakes', async (t, ground) => {
  const { events, failures, closed } = heard()
  const server = await ground.serve(events)
  const attacks = [
    Buffer.alloc(0),
    randomBytes(1),
    randomBytes(70_000),
    Buffer.from('\x16\x03\x01\x00\x05hello'),
    Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff]),
    Buffer.from([0x17, 0x03, 0x03, 0x00, 0x01, 0x00]),
    Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]),
    Buffer.from([0x80, 0x2e, 0x01, 0x00, 0x02]),
  ]
  for (const [index, bytes] of attacks.entries()) {
    connect(server).end(bytes)
    await until(`failure ${index}`, () => failures.length === index + 1)
    t.match(failures[index]?.code, /^(ERR_TLS|ECONNRESET|EPIPE)$/)
  }
  t.strictSame(closed, [])
  await lives(t, server, ground)
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  await onTls(t, `${version}: a client that resets at any byte of its handshake`, async (t, ground) => {
    const { events, failures, closed, inputs } = heard()
    const server = await ground.serve(events)
    const options = { ca: ground.authority.cert, maxVersion: version }
    let whole = 0
    const { client } = await through(server, options, (bytes, wire) => {
      whole += bytes.length
      wire.write(bytes)
    })
    await until('it is open', () => server.connections === 1)
    client.destroy()
    await until('it has gone', () => closed.length === 1)
    let tries = 0
    for (let cut = 0; cut < whole; cut += 1 + Math.floor(whole / 40)) {
      let left = cut
      const { client, wire } = await through(server, options, (bytes, wire) => {
        const piece = bytes.subarray(0, left)
        left -= piece.length
        wire.write(piece)
        if (piece.length < bytes.length || left === 0) wire.resetAndDestroy()
      })
      if (cut === 0) wire.resetAndDestroy()
      await new Promise(resolve => (client.closed ? resolve(undefined) : client.once('close', resolve)))
      tries += 1
      await until('it is told of', () => failures.length + closed.length === tries + 1)
    }
    t.ok(tries > 30)
    t.ok(failures.length >= tries - 3, 'behind its last byte a client is connected')
    t.strictSame(inputs, [])
    await lives(t, server, ground)
  })

  await onTls(
    t,
    `${version}: everything may come byte by byte, also records of one byte`,
    async (t, ground) => {
      const { events, inputs } = heard()
      const server = await ground.serve(events)
      const options = { ca: ground.authority.cert, maxVersion: version }
      const { client } = await through(server, options, (bytes, wire) => {
        for (const byte of bytes) wire.write(Buffer.of(byte))
      })
      await once(client, 'secureConnect')
      let answer = ''
      client.on('data', bytes => {
        answer += bytes
      })
      for (const letter of 'byte by byte') client.write(letter)
      await until('the echo', () => answer === 'byte by byte')
      t.equal(inputs.join(''), 'byte by byte')
      client.destroy()
    },
  )

  await onTls(
    t,
    `${version}: an end without close_notify is ECONNRESET, and an orderly one where that is said`,
    async (t, ground) => {
      for (const allowTruncation of [false, true]) {
        const { events, closed, inputs } = heard()
        const server = await ground.serve(events, { ...ground.tls, allowTruncation })
        const { client, wire } = await through(
          server,
          { ca: ground.authority.cert, maxVersion: version },
          (bytes, wire) => wire.write(bytes),
        )
        await once(client, 'secureConnect')
        client.write('before the cut')
        await once(client, 'data')
        wire.end()
        await until('closed', () => closed.length === 1)
        t.equal(inputs.join(''), 'before the cut')
        if (allowTruncation) t.equal(closed[0], undefined)
        else t.match(closed[0], { code: 'ECONNRESET', message: /close_notify/ })
        client.destroy()
      }
    },
  )

  await onTls(
    t,
    `${version}: what is changed on the way ends the connection with ERR_TLS`,
    async (t, ground) => {
      const { events, closed, inputs } = heard()
      const server = await ground.serve(events)
      let spoil = false
      const { client } = await through(
        server,
        { ca: ground.authority.cert, maxVersion: version },
        (bytes, wire) => {
          if (spoil) bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
          wire.write(bytes)
        },
      )
      await once(client, 'secureConnect')
      client.write('whole')
      await once(client, 'data')
      spoil = true
      client.write('spoilt')
      await until('closed', () => closed.length === 1)
      t.match(closed[0], { code: 'ERR_TLS', message: /bad record mac|cipher operation failed/ })
      t.strictSame(inputs, ['whole'])
    },
  )

  await onTls(t, `${version}: half-close works both ways`, async (t, ground) => {
    const events: Events = {
      opened: () => [null, { halfOpen: true }],
      data: () => undefined,
      ended: () => ['all of it', Action.Close],
    }
    const server = await ground.serve(events)
    const client = trusting(server, ground.authority, { maxVersion: version, ...{ allowHalfOpen: true } })
    client.end('question')
    let answer = ''
    for await (const bytes of client) answer += bytes
    t.equal(answer, 'all of it')
  })
}

await onTls(t, 'renegotiation is refused', async (t, ground) => {
  const { events } = heard()
  const server = await ground.serve(events)
  const client = trusting(server, ground.authority, { maxVersion: 'TLSv1.2' })
  await once(client, 'secureConnect')
  const outcome = await new Promise<Error | null>(resolve => {
    client.renegotiate({}, resolve)
    client.once('close', () => resolve(new Error('closed')))
    setTimeout(resolve, 2000, new Error('no answer')).unref()
  })
  t.ok(outcome instanceof Error, String(outcome))
  client.destroy()
  await lives(t, server, ground)
})

await onTls(t, 'versions below 1.2 are refused', async (t, ground) => {
  const { events, failures } = heard()
  const server = await ground.serve(events)
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const client = tls.connect({
      port: portOf(server),
      host: '127.0.0.1',
      ca: ground.authority.cert,
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    const [error] = await once(client, 'error')
    t.ok(error, version)
  }
  await until('both', () => failures.length === 2)
  for (const failure of failures) t.match(failure, { code: 'ERR_TLS', message: /unsupported protocol/ })
})

await onTls(t, 'openssl s_client and curl are served', async (t, ground) => {
  const answer = 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'
  const server = await ground.serve({ data: () => [answer, Action.Close] })
  const port = portOf(server)
  const ca = ground.authority.certFile
  const runs = [
    [
      'openssl',
      [
        's_client',
        '-quiet',
        '-verify_return_error',
        '-CAfile',
        ca,
        '-servername',
        'localhost',
        '-connect',
        `127.0.0.1:${port}`,
      ],
    ],
  ] as [string, string[]][]
  if (spawnSync('curl', ['--version']).status === 0)
    runs.push(['curl', ['-s', '-S', '--http1.0', '--cacert', ca, `https://localhost:${port}/`]])
  for (const [command, args] of runs) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.write('GET / HTTP/1.0\r\n\r\n')
    let output = ''
    child.stdout.on('data', text => {
      output += text
    })
    await once(child, 'close')
    t.match(output, /hello$/, command)
  }
})
