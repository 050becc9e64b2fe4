import t, { type Test } from 'tap'
import { type Binding, inetAddress, ipv4Address, parseAddress, unixAddress } from '../lib/address.js'

const DEFAULTS = {
  portable: false,
  host: '',
  port: 0,
  path: '',
  reuseport: false,
  backlog: 65_535,
  maxConnections: Number.POSITIVE_INFINITY,
  coalesce: true,
  mode: undefined,
  tls: undefined,
}

function means(t: Test, text: string, expected: Partial<Binding>): void {
  t.strictSame(parseAddress(text), { ...DEFAULTS, text, ...expected }, text)
}

function isWrong(t: Test, text: unknown, what: string | RegExp): void {
  try {
    parseAddress(text as string)
    t.fail(`${String(text)} was taken`)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    t.equal(code, 'ERR_ADDRESS', String(text))
    t.ok(message.startsWith(`address "${String(text)}": `), message)
    t.match(message, what)
  }
}

t.test('every scheme', async t => {
  for (const scheme of ['tcp', 'tcp4', 'udp', 'udp4'] as const) {
    means(t, `${scheme}://127.0.0.1:5000`, { scheme, host: '127.0.0.1', port: 5000 })
  }
  for (const scheme of ['tcp', 'tcp4', 'tcp6', 'udp', 'udp4', 'udp6'] as const) {
    means(t, `${scheme}://localhost:1`, { scheme, host: 'localhost', port: 1 })
    means(t, `${scheme}://:0`, { scheme })
    means(t, `${scheme}-net://:65535`, { scheme, portable: true, port: 65_535 })
  }
  for (const scheme of ['tcp', 'tcp6', 'udp6'] as const) {
    means(t, `${scheme}://[::1]:80`, { scheme, host: '::1', port: 80 })
    for (const zone of ['eth0', '3', 'br-0a1b', 'eth0.100', 'veth_a', 'wlan+0@x', 'tun0#é']) {
      means(t, `${scheme}://[fe80::1%${zone}]:80`, { scheme, host: `fe80::1%${zone}`, port: 80 })
    }
  }
  means(t, 'unix:///tmp/a.sock', { scheme: 'unix', path: '/tmp/a.sock' })
  means(t, 'unix://here.sock', { scheme: 'unix', path: 'here.sock' })
  means(t, 'unix://./with:colon', { scheme: 'unix', path: './with:colon' })
  means(t, 'unix-net:///a', { scheme: 'unix', portable: true, path: '/a' })
})

t.test('without a scheme, tcp is meant', async t => {
  means(t, '127.0.0.1:5000', { scheme: 'tcp', host: '127.0.0.1', port: 5000 })
  means(t, ':5000', { scheme: 'tcp', port: 5000 })
  means(t, '[::1]:5000?backlog=5', { scheme: 'tcp', host: '::1', port: 5000, backlog: 5 })
})

t.test('every option', async t => {
  means(t, 'tcp://:1?reuseport=true', { scheme: 'tcp', port: 1, reuseport: true })
  means(t, 'udp://:1?reuseport=false', { scheme: 'udp', port: 1 })
  means(t, 'tcp://:1?backlog=1&maxConnections=2', { scheme: 'tcp', port: 1, backlog: 1, maxConnections: 2 })
  means(t, 'tcp://:1?coalesce=false', { scheme: 'tcp', port: 1, coalesce: false })
  means(t, 'unix://a?coalesce=true', { scheme: 'unix', path: 'a' })
  means(t, 'udp://:1?maxConnections=999999999', { scheme: 'udp', port: 1, maxConnections: 999_999_999 })
  means(t, 'unix://a?mode=660', { scheme: 'unix', path: 'a', mode: 0o660 })
  means(t, 'unix://a?mode=0600&backlog=7', { scheme: 'unix', path: 'a', mode: 0o600, backlog: 7 })
  means(t, 'unix://a?', { scheme: 'unix', path: 'a' })
})

t.test('what is wrong is named, and in which address', async t => {
  isWrong(t, 'http://127.0.0.1:80', /unknown scheme "http"; known schemes are tcp, .*unix/)
  isWrong(t, 'TCP://127.0.0.1:80', 'unknown scheme "TCP"')
  isWrong(t, 'tcp-net-net://:1', 'unknown scheme "tcp-net-net"')
  isWrong(t, '://:1', 'unknown scheme ""')
  isWrong(t, 'tcp://', 'expected host and port, as in tcp://127.0.0.1:5000')
  isWrong(t, '', 'expected host and port')
  isWrong(t, 'localhost', 'expected host and port')
  isWrong(t, '/tmp/a.sock', 'expected host and port')
  isWrong(t, 'tcp6://::1:5000', 'needs brackets')
  isWrong(t, 'tcp://[::1]', 'expected host and port')
  isWrong(t, 'tcp://[::1:5000', /./)
  isWrong(t, 'tcp://[127.0.0.1]:5000', 'invalid IPv6 address "127.0.0.1"')
  for (const host of [
    'fe80::1%',
    'fe80::1%a/b',
    'fe80::1%a b',
    'fe80::1%a%b',
    '1.2.3.4%eth0',
    '::1::',
    '%eth0',
    '1:2',
    ':::',
  ]) {
    isWrong(t, `tcp://[${host}]:5000`, `invalid IPv6 address "${host}"`)
  }
  isWrong(t, 'tcp4://[::1]:5000', 'tcp4 does not accept an IPv6 host')
  isWrong(t, 'tcp6://127.0.0.1:5000', 'tcp6 does not accept an IPv4 host')
  isWrong(t, 'tcp://user@host:1', 'invalid host "user@host"')
  isWrong(t, 'tcp://a b:1', 'invalid host "a b"')
  for (const port of ['', 'x', '-1', '65536', '1.5', '0x10', '123456', '80/']) {
    isWrong(t, `tcp://localhost:${port}`, `invalid port "${port}": expected 0 to 65535`)
  }
  isWrong(t, 'unix://', 'missing path')
  isWrong(t, 'unix://?mode=600', 'missing path')
  isWrong(t, 'unix://a\0b', 'zero byte')
})

t.test('an option that is not known, or not for this scheme, is named', async t => {
  isWrong(
    t,
    'tcp://:1?colour=red',
    'unknown option "colour" for tcp; known options are reuseport, backlog, maxConnections, coalesce',
  )
  isWrong(t, 'tcp://:1?mode=660', 'unknown option "mode"')
  isWrong(t, 'unix://a?reuseport=true', 'unknown option "reuseport" for unix; known options are backlog')
  isWrong(t, 'udp://:1?backlog=5', 'unknown option "backlog" for udp')
  isWrong(t, 'udp://:1?coalesce=false', 'unknown option "coalesce" for udp')
  isWrong(t, 'tcp://:1?coalesce=1', 'coalesce=1: expected true or false')
  isWrong(t, 'tcp://:1?Backlog=5', 'unknown option "Backlog"')
  isWrong(t, 'tcp://:1?&', 'unknown option ""')
  isWrong(t, 'tcp://:1?reuseport', 'reuseport=: expected true or false')
  isWrong(t, 'tcp://:1?reuseport=1', 'reuseport=1: expected true or false')
  for (const value of ['0', '-1', '1.5', '', 'many', '01', '1e3', '1000000000']) {
    isWrong(t, `tcp://:1?backlog=${value}`, `backlog=${value}: expected a number from 1`)
    isWrong(t, `tcp://:1?maxConnections=${value}`, `maxConnections=${value}: expected a number from 1`)
  }
  for (const value of ['9', '66', '888', '66600', '']) {
    isWrong(t, `unix://a?mode=${value}`, `mode=${value}: expected octal`)
  }
})

t.test('a path that is too long says how long it may be', async t => {
  const longest = process.platform === 'linux' ? 107 : 103
  means(t, `unix://${'a'.repeat(longest)}`, { scheme: 'unix', path: 'a'.repeat(longest) })
  isWrong(
    t,
    `unix://${'a'.repeat(longest + 1)}`,
    `${longest + 1} bytes long; a Unix socket's path may have at most ${longest}`,
  )
  isWrong(t, `unix://${'ü'.repeat(longest / 2 + 1)}`, 'bytes long')
})

t.test('what is no string is an error as well', async t => {
  for (const text of [undefined, null, 5000, {}, ['tcp://:1']])
    isWrong(t, text, 'expected a string; received')
})

t.test('an address reads as serve takes it', async t => {
  for (const [address, text] of [
    [inetAddress('tcp', '127.0.0.1', 5000), 'tcp4://127.0.0.1:5000'],
    [inetAddress('tcp', '::1', 5000), 'tcp6://[::1]:5000'],
    [ipv4Address(0x7f000001, 80), 'tcp4://127.0.0.1:80'],
    [ipv4Address(0xc0a801ff | 0, 65_535), 'tcp4://192.168.1.255:65535'],
    [inetAddress('udp', '::', 53), 'udp6://[::]:53'],
    [unixAddress('/tmp/a.sock'), 'unix:///tmp/a.sock'],
  ] as const) {
    t.equal(`${address}`, text)
    const { host, port, path } = parseAddress(text)
    t.match(address, { host, port, path })
  }
})

t.test('a mapped IPv4 peer reads as IPv4', async t => {
  t.match(inetAddress('tcp', '::ffff:10.1.2.3', 1), { network: 'tcp4', host: '10.1.2.3' })
  t.match(inetAddress('tcp', '::FFFF:10.1.2.3', 1), { network: 'tcp4', host: '10.1.2.3' })
  t.match(inetAddress('tcp', '::ffff:a01:203', 1), { network: 'tcp6' })
})
