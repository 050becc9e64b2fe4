import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import t from 'tap'
import { inetAddress, unixAddress } from '../../lib/address.js'
import { Action, type Events, type Info, type Server, serve } from '../../lib/index.js'
import { parseProxyHeader, proxyHeader } from '../../lib/loop/proxy-header.js'
import { simulate } from '../../lib/testing.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2. */
function v2(versionAndCommand: number, family: number, rest: readonly number[], size = rest.length): Buffer {
  const head = Buffer.from([versionAndCommand, family, size >> 8, size & 255])
  return Buffer.concat([SIGNATURE, head, Buffer.from(rest)])
}

const IPV4 = [192, 0, 2, 1, 198, 51, 100, 2, 0x1f, 0x90, 0x01, 0xbb]
const IPV6 = [
  ...Buffer.from('20010db8000000000000000000000001fe800000000000000000000000000002', 'hex'),
  0,
  1,
  0,
  2,
]

function shown(bytes: Buffer): unknown {
  const parsed = parseProxyHeader(bytes)
  if (typeof parsed === 'string') return parsed
  const { length, ends } = parsed
  return ends === undefined ? [length] : [length, String(ends.remote), String(ends.local)]
}

t.test('headers of both versions are read', async t => {
  const v1 = 'PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n'
  t.strictSame(shown(Buffer.from(`${v1}rest`)), [44, 'tcp4://192.0.2.1:8080', 'tcp4://198.51.100.2:443'])
  t.strictSame(shown(Buffer.from('PROXY TCP6 2001:db8::1 ::1 65535 0\r\n')), [
    36,
    'tcp6://[2001:db8::1]:65535',
    'tcp6://[::1]:0',
  ])
  for (const line of ['PROXY UNKNOWN\r\n', `PROXY UNKNOWN ${'x'.repeat(80)}\r\n`]) {
    t.strictSame(shown(Buffer.from(line)), [line.length])
  }
  t.strictSame(shown(v2(0x21, 0x11, IPV4)), [28, 'tcp4://192.0.2.1:8080', 'tcp4://198.51.100.2:443'])
  t.strictSame(shown(v2(0x21, 0x11, [...IPV4, 0x04, 0, 1, 9])), [
    32,
    'tcp4://192.0.2.1:8080',
    'tcp4://198.51.100.2:443',
  ])
  t.strictSame(shown(v2(0x21, 0x21, IPV6)), [52, 'tcp6://[2001:db8::1]:1', 'tcp6://[fe80::2]:2'])
  t.strictSame(shown(v2(0x20, 0x11, IPV4)), [28], 'LOCAL')
  t.strictSame(shown(v2(0x21, 0x00, [1, 2, 3])), [19], 'unspecified')
  t.strictSame(shown(v2(0x21, 0x12, IPV4)), [28], 'datagrams')
  const path = Buffer.alloc(216)
  path.write('/run/client', 0)
  path.write('\0name', 108)
  t.strictSame(shown(v2(0x21, 0x31, [...path])), [232, 'unix:///run/client', 'unix://@name'])
})

t.test('every beginning of a header is partial, and every other beginning is told at once', async t => {
  for (const whole of [Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'), v2(0x21, 0x11, IPV4)]) {
    for (let length = 0; length < whole.length; length++) {
      t.equal(shown(whole.subarray(0, length)), 'partial')
    }
  }
  for (const text of ['GET / HTTP/1.1\r\n', 'PROXZ', '\r\n\r\n\r', 'P ', '\x16\x03\x01'])
    t.equal(shown(Buffer.from(text)), 'absent')
})

t.test('what cannot be a header is malformed', async t => {
  const lines = [
    'TCP4 1.2.3.4 5.6.7.8 1',
    'TCP4 1.2.3.4 5.6.7.8 1 2 3',
    'TCP4  1.2.3.4 5.6.7.8 1 2',
    'TCP4 1.2.3.4 ::1 1 2',
    'TCP6 1.2.3.4 5.6.7.8 1 2',
    'TCP4 1.2.3.256 5.6.7.8 1 2',
    'TCP4 1.2.3.4 5.6.7.8 01 2',
    'TCP4 1.2.3.4 5.6.7.8 1 65536',
    'TCP4 1.2.3.4 5.6.7.8 -1 2',
    'TCP5 1.2.3.4 5.6.7.8 1 2',
    'TCP6 fe80::1%eth0 ::1 1 2',
    'UNKNOWNX',
    '',
  ]
  for (const line of lines) t.equal(shown(Buffer.from(`PROXY ${line}\r\n`)), 'malformed', line)
  t.equal(shown(Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}`)), 'malformed')
  t.equal(shown(v2(0x11, 0x11, IPV4)), 'malformed', 'another version')
  t.equal(shown(v2(0x22, 0x11, IPV4)), 'malformed', 'another command')
  t.equal(shown(v2(0x21, 0x41, IPV4)), 'malformed', 'another family')
  t.equal(shown(v2(0x21, 0x13, IPV4)), 'malformed', 'another protocol')
  t.equal(shown(v2(0x21, 0x11, IPV4.slice(1))), 'malformed', 'too short for its addresses')
  t.equal(shown(v2(0x21, 0x11, [], 65_535)), 'malformed', 'too long')
})

t.test('what is written can be read', async t => {
  const [remoteAddress, localAddress] = [inetAddress('tcp', '10.0.0.1', 5), inetAddress('tcp', '10.0.0.2', 6)]
  t.strictSame(shown(Buffer.from(proxyHeader({ remoteAddress, localAddress }))), [
    34,
    String(remoteAddress),
    String(localAddress),
  ])
  t.equal(proxyHeader({ remoteAddress: unixAddress(''), localAddress }), 'PROXY UNKNOWN\r\n')
})

const HEADER = 'PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n'

t.test('in a simulation: a header, its absence, and its delay', async t => {
  const seen: string[] = []
  const events: Events = {
    opened: (_id, info) => void seen.push(String(info.remoteAddress)),
    data: (_id, input) => [`<${input}>`],
  }
  const simulation = simulate(events, {
    addresses: ['tcp://127.0.0.1:0?proxy=require', 'tcp://127.0.0.1:0?proxy=allow'],
  })
  const peer = simulation.connect()
  for (const byte of HEADER) peer.send(byte)
  t.strictSame(seen, ['tcp4://192.0.2.1:8080'])
  t.equal(peer.send('hello').received, '<hello>')
  t.equal(simulation.connect().send(`${HEADER}at once`).received, '<at once>')
  t.equal(simulation.connect().send('no header').closed, true)
  const silent = simulation.connect()
  simulation.advance(9999)
  t.equal(silent.closed, false)
  simulation.advance(1)
  t.equal(silent.ended, true)
  t.equal(simulation.server.stats().refused, 2)
  const allowed = { addressIndex: 1 }
  t.equal(simulation.connect(allowed).send('plain').received, '<plain>')
  t.equal(simulation.connect(allowed).send(`${HEADER}told`).received, '<told>')
  t.equal(simulation.connect(allowed).send('PROXY nonsense\r\n').closed, true)
  const waiting = simulation.connect(allowed).send('PRO')
  t.equal(waiting.received, '')
  simulation.advance(1000)
  t.equal(waiting.received, '<PRO>')
  t.equal(simulation.server.stats().refused, 3)
  simulation.connect()
  simulation.server.shutdown()
  t.equal(simulation.ended, true)
})

async function exchange(server: Server, text: string | Buffer): Promise<string> {
  const socket = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  socket.on('error', () => {})
  socket.end(text)
  let heard = ''
  socket.on('data', bytes => {
    heard += bytes
  })
  await once(socket, 'close')
  return heard
}

t.test('on sockets, and sent by dial', async t => {
  const infos: Info[] = []
  const schemes = nativeMissing() === undefined ? ['tcp', 'tcp-net'] : ['tcp-net']
  for (const scheme of schemes) {
    const events: Events = {
      opened: (_id, info) => void infos.push(info),
      data: (_id, input) => [input],
    }
    const running = serve(events, `${scheme}://127.0.0.1:0?proxy=require`)
    const server = await running.listening
    t.equal(await exchange(server, `${HEADER}hello`), 'hello')
    t.equal(await exchange(server, Buffer.concat([v2(0x21, 0x11, IPV4), Buffer.from('again')])), 'again')
    t.equal(await exchange(server, 'GET / HTTP/1.1\r\n\r\n'), '')
    const [info] = infos
    if (info === undefined) throw new Error('nobody came')
    const heard: string[] = []
    server.dial(`${scheme}://127.0.0.1:${server.addresses[0]?.port}`, {
      proxy: { remoteAddress: inetAddress('tcp', '10.1.2.3', 99), localAddress: info.localAddress },
      events: {
        opened: () => ['dialled'],
        data: (_id, input) => {
          heard.push(String(input))
          return ['', 3]
        },
      },
    })
    await running
    t.strictSame(heard, ['dialled'])
    t.strictSame(
      infos
        .filter(({ addressIndex }) => addressIndex === 0)
        .map(({ remoteAddress }) => String(remoteAddress)),
      ['tcp4://192.0.2.1:8080', 'tcp4://192.0.2.1:8080', 'tcp4://10.1.2.3:99'],
    )
    infos.length = 0
  }
})

const noTls = nativeMissing() ?? certificatesMissing() ?? false

t.test('TLS begins behind the header', { skip: noTls }, async t => {
  const authority = new Authority()
  const { cert, key } = authority.issue(...LOCAL)
  const seen: (string | undefined)[] = []
  const running = serve(
    {
      opened: (_id, info) => void seen.push(String(info.remoteAddress), info.tls?.protocol),
      data: (_id, input) => [input],
    },
    { address: 'tls://127.0.0.1:0?proxy=require', tls: { cert, key } },
  )
  const server = await running.listening
  const raw = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  raw.write(HEADER)
  const socket = tls.connect({ socket: raw, ca: authority.cert, servername: 'localhost' })
  socket.write('secret')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  t.equal(String(answer), 'secret')
  t.strictSame(seen, ['tls4://192.0.2.1:8080', 'TLSv1.3'])
  t.equal(server.stats().handshakes, 1)
  socket.destroy()
  server.shutdown()
  await running
})

t.test('what is dialled with a header may begin TLS behind it', { skip: noTls }, async t => {
  const authority = new Authority()
  const { cert, key } = authority.issue(...LOCAL)
  for (const way of ['', '-net']) {
    const seen: string[] = []
    const running = serve(
      {
        opened: (_id, info) => void seen.push(String(info.remoteAddress)),
        data: (_id, input) => [input],
      },
      { address: 'tls://127.0.0.1:0?proxy=require', tls: { cert, key } },
    )
    const server = await running.listening
    const port = server.addresses[0]?.port ?? 0
    server.dial(`tcp${way}://127.0.0.1:${port}`, {
      proxy: {
        remoteAddress: inetAddress('tcp', '10.1.2.3', 99),
        localAddress: inetAddress('tcp', '10.4.5.6', 88),
      },
      events: {
        opened(id) {
          server.secure(id, { ca: authority.cert, servername: 'localhost' })
          return ['secret']
        },
        data(_id, input) {
          seen.push(String(input))
          return ['', Action.Shutdown]
        },
      },
    })
    await running
    t.strictSame(seen, ['tls4://10.1.2.3:99', 'secret'])
  }
})

t.test('an option that is none is told', async t => {
  await t.rejects(serve({}, 'tcp://:0?proxy=yes'), {
    code: 'ERR_ADDRESS',
    message: /proxy=yes: expected require or allow/,
  })
  await t.rejects(serve({}, 'udp://:0?proxy=allow'), { code: 'ERR_ADDRESS' })
  const { server } = simulate({})
  t.throws(() => server.dial('tcp://127.0.0.1:1', { proxy: 5 as never }), {
    code: 'ERR_OPTION',
    message: /option proxy/,
  })
})
