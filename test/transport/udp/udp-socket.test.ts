import { Buffer } from 'node:buffer'
import type * as dgram from 'node:dgram'
import { EventEmitter } from 'node:events'
import t from 'tap'
import { inetAddress } from '../../../lib/address.js'
import { systemClock } from '../../../lib/loop/clock.js'
import { UdpSocket } from '../../../lib/transport/node/udp-socket.js'
import { Outbox } from '../../../lib/transport/outbox.js'
import type { Receiver } from '../../../lib/transport/transport.js'
import type { UdpRemote } from '../../../lib/transport/udp/remote.js'

type Sent = (error: Error | null) => void

/** A socket whose system takes datagrams when it is told to, and says against them what it is told to. */
class StuffedSocket extends EventEmitter {
  stuffed = false
  /** Given to the system, or waiting for it. */
  readonly sent: string[] = []
  #queue: Sent[] = []

  getSendQueueCount(): number {
    return this.#queue.length
  }

  send(bytes: Uint8Array, port: number, _host: string, done: Sent): void {
    if (port === 0) throw Object.assign(new RangeError('Port should be > 0'), { code: 'ERR_SOCKET_BAD_PORT' })
    if (port === 666) throw Object.assign(new Error('Not running'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
    this.sent.push(`${port}:${Buffer.from(bytes)}`)
    if (this.stuffed) this.#queue.push(done)
    else process.nextTick(done, null)
  }

  /** The system takes what waits. */
  drain(error: Error | null = null): void {
    this.stuffed = false
    for (let done = this.#queue.shift(); done !== undefined; done = this.#queue.shift()) done(error)
  }

  receive(text: string, port: number): void {
    this.emit('message', Buffer.from(text), { address: '10.0.0.1', port, family: 'IPv4', size: text.length })
  }
}

/** What a loop would be to one remote. */
class Remote implements Receiver {
  readonly link: UdpRemote
  readonly outbox = new Outbox()
  readonly inputs: string[] = []
  readonly attempts: string[] = []
  error: Error | undefined
  writables = 0

  constructor(link: UdpRemote) {
    this.link = link
  }

  input(bytes: Buffer): void {
    this.inputs.push(String(bytes))
  }

  ended(): void {
    throw new Error('datagrams have no end')
  }

  failed(error: Error): void {
    this.error = error
    this.link.close()
  }

  writable(): void {
    this.writables += 1
    this.attempt()
  }

  write(...texts: string[]): void {
    for (const text of texts) this.outbox.give(Buffer.from(text))
    this.attempt()
  }

  attempt(): void {
    this.link.write(this.outbox)
    const { taken } = this.link
    this.outbox.settle(taken)
    this.attempts.push(`${taken} taken, ${this.outbox.size} left`)
  }
}

function binding(maxConnections = Number.POSITIVE_INFINITY) {
  const socket = new StuffedSocket()
  const remotes: Remote[] = []
  const bound = new UdpSocket({
    host: {
      clock: systemClock,
      inTurn: false,
      turn: run => run(),
      accepted() {
        throw new Error('the transport tells of those')
      },
    },
    socket: socket as unknown as dgram.Socket,
    address: inetAddress('udp', '10.0.0.2', 53),
    maxConnections,
    accept(link) {
      const remote = new Remote(link)
      remotes.push(remote)
      return remote
    },
  })
  bound.start()
  const remote = (port: number): Remote => {
    socket.receive('hello', port)
    const found = remotes.at(-1)
    if (found === undefined) throw new Error('no remote was accepted')
    return found
  }
  return { socket, remotes, remote, bound }
}

const ticks = () => new Promise(resolve => setImmediate(resolve))

t.test(
  'while the system takes no more, one datagram waits in the socket and the others in outboxes',
  async t => {
    const { socket, remote } = binding()
    const [first, second] = [remote(1), remote(2)]
    first.write('a')
    socket.stuffed = true
    first.write('bb', 'ccc', 'd')
    second.write('eeee')
    t.strictSame(socket.sent, ['1:a', '1:bb'])
    t.strictSame(first.attempts, ['1 taken, 0 left', '0 taken, 6 left'])
    t.strictSame(second.attempts, ['0 taken, 4 left'])
    await ticks()
    t.equal(first.writables + second.writables, 0, 'what was sent before says nothing of what waits')
    socket.drain()
    t.strictSame(
      socket.sent,
      ['1:a', '1:bb', '1:ccc', '1:d', '2:eeee'],
      'nothing twice, nothing lost, in order',
    )
    t.equal(first.attempts.at(-1), '6 taken, 0 left')
    t.equal(second.attempts.at(-1), '4 taken, 0 left')
  },
)

t.test('empty datagrams need no room and keep their place', async t => {
  const { socket, remote } = binding()
  const only = remote(1)
  socket.stuffed = true
  only.write('', '', 'a', '', '', 'b', '')
  t.strictSame(socket.sent, ['1:', '1:'])
  socket.drain()
  t.strictSame(socket.sent, ['1:', '1:', '1:a', '1:', '1:', '1:b', '1:'])
  t.ok(only.outbox.empty)
})

t.test('when the one whose datagram waits is closed, the others are told all the same', async t => {
  const { socket, remote } = binding()
  const [first, second] = [remote(1), remote(2)]
  socket.stuffed = true
  first.write('a')
  second.write('b')
  first.link.close()
  socket.drain()
  t.strictSame(socket.sent, ['1:a', '2:b'])
  t.equal(first.writables, 0)
})

t.test('what the system says against a datagram later is the error of its remote', async t => {
  const { socket, remote } = binding()
  const [first, second] = [remote(1), remote(2)]
  socket.stuffed = true
  first.write('a', 'b')
  second.write('c')
  socket.drain(Object.assign(new Error('no'), { code: 'ENETUNREACH' }))
  t.match(first.error, { code: 'ENETUNREACH' })
  t.equal(second.error, undefined)
  t.strictSame(socket.sent, ['1:a', '2:c'])
})

t.test('what a socket throws is the error of its remote, behind the turn', async t => {
  const { socket, remote } = binding()
  const [zero, other, closed] = [remote(0), remote(2), remote(666)]
  zero.write('a', 'b')
  closed.write('c')
  other.write('d')
  t.equal(zero.error ?? closed.error, undefined)
  await ticks()
  t.match(zero.error, {
    code: 'EINVAL',
    syscall: 'send',
    message: 'send EINVAL: invalid argument 10.0.0.1:0',
  })
  t.match(closed.error, { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
  t.equal(other.error, undefined)
  t.strictSame(socket.sent, ['2:d'])
})

t.test('a binding keeps 65,536 remotes, and those that were silent longest go first', async t => {
  const { remotes, remote, socket } = binding()
  for (let port = 1; port <= 65_536; port += 1) remote(port)
  t.notOk(remotes.some(({ error }) => error !== undefined))
  socket.receive('again', 1)
  for (let port = 1; port <= 3; port += 1) {
    socket.emit('message', Buffer.from('x'), { address: '10.0.0.3', port, family: 'IPv4' })
  }
  const gone = remotes.flatMap(({ error }, index) => (error === undefined ? [] : [index + 1]))
  t.strictSame(gone, [2, 3, 4])
  t.match(remotes[1]?.error, {
    code: 'ENOBUFS',
    message: 'udp4://10.0.0.2:53 has 65536 remotes, and this one was silent longest',
  })
  t.strictSame(remotes[0]?.inputs, ['hello', 'again'])
})

t.test('maxConnections lowers the number of remotes, and does not raise it', async t => {
  const { remotes, remote } = binding(2)
  for (let port = 1; port <= 3; port += 1) remote(port)
  t.strictSame(
    remotes.map(({ error }) => error !== undefined),
    [true, false, false],
  )
})

t.test('what has waited is delivered in portions, to all that read, in order', async t => {
  const { socket, remote } = binding()
  const remotes = [1, 2, 3].map(remote)
  const [first, second, third] = remotes as [Remote, Remote, Remote]
  for (const { link } of remotes) link.read(false)
  for (let sent = 0; sent < 1000; sent += 1) socket.receive(`${sent}`, 1)
  for (const port of [2, 3]) for (let sent = 0; sent < 20; sent += 1) socket.receive(`${sent}`, port)
  for (const { link } of remotes) link.read(true)
  const count = () => first.inputs.length + second.inputs.length + third.inputs.length
  let before = count()
  for (let turns = 0; first.link.ready; turns += 1) {
    await ticks()
    t.ok(count() - before <= 64, `${count() - before} in a turn`)
    before = count()
    if (turns === 1)
      t.strictSame([second.inputs.length, third.inputs.length], [21, 21], 'nobody waits for the first')
  }
  t.equal(count(), 3 + 1040)
  t.strictSame(
    first.inputs.slice(1),
    Array.from({ length: 1000 }, (_, index) => `${index}`),
  )
})

t.test('what waits for paused connections is bounded for the binding, and dropped beyond', async t => {
  const { socket, remote } = binding()
  const [paused, other] = [remote(1), remote(2)]
  paused.link.read(false)
  const text = 'x'.repeat(64 * 1024)
  for (let sent = 0; sent < 300; sent += 1) socket.receive(text, 1)
  socket.receive('y', 2)
  t.strictSame(other.inputs, ['hello', 'y'], 'those that read are served')
  paused.link.read(true)
  while (paused.link.ready) await ticks()
  t.equal(paused.inputs.length - 1, 255, '16 MiB of them were kept')
  socket.receive('z', 1)
  t.equal(paused.inputs.at(-1), 'z')
  other.link.read(false)
  for (let sent = 0; sent < 10; sent += 1) socket.receive(text, 2)
  other.link.close()
  const again = remote(3)
  again.link.read(false)
  for (let sent = 0; sent < 300; sent += 1) socket.receive(text, 3)
  again.link.read(true)
  while (again.link.ready) await ticks()
  t.equal(again.inputs.length - 1, 255, 'all of the room is there again')
})
