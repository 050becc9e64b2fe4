import { Buffer } from 'node:buffer'
import { simulate } from 'revio/testing'
import t from 'tap'
import { Instance } from '../../../examples/redis/instance.js'
import { redis } from '../../../examples/redis/server.js'
import { NAMES as ALL, command } from '../../fuzz/redis/generate.js'
import { encode } from './connection.js'
import { Random } from './random.js'
import { replyEnd } from './resp-reader.js'

/** FUZZ=N tries N times as many. */
const EFFORT = Number(process.env.FUZZ ?? 1)

/** Commands that end a connection or all of them, answer with any number of replies, or wait for real time. */
const LEFT_OUT = new Set([
  'shutdown',
  'quit',
  'subscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'client',
])
const NAMES = ALL.filter(name => !LEFT_OUT.has(name.split('|')[0] ?? '') && !/^b(l|r|z)/.test(name))

function randomCommand(random: Random, names: readonly string[]): Buffer[] {
  return command(random, names).map(arg => Buffer.from(arg, 'latin1'))
}

/** Something between a command and noise. */
function spoilt(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let count = random.below(4); count > 0; count--) {
    const at = random.below(copy.length)
    const choice = random.below(3)
    if (choice === 0) copy[at] = random.below(256)
    else if (choice === 1)
      copy.write(random.pick(['*', '$', '\r\n', '-1', '999999999', '"', '\0', '*3\r\n$']), at, 'latin1')
    else return copy.subarray(0, at)
  }
  return copy
}

function start(random: Random) {
  const warnings: Error[] = []
  const events = redis(new Instance(() => 1_700_000_000_000))
  const simulation = simulate(
    {
      ...events,
      closed(id, error, client) {
        // What a handler threw; a connection that breaks has a code.
        if (error !== undefined && !('code' in error)) warnings.push(error)
        return events.closed?.(id, error, client)
      },
    },
    { seed: random.below(2 ** 31) },
  )
  return { simulation, warnings }
}

t.test('any command with any arguments gets one reply', async t => {
  for (let seed = 0; seed < 40 * EFFORT; seed++) {
    const random = new Random(seed)
    const { simulation, warnings } = start(random)
    const peer = simulation.connect()
    const commands = Array.from({ length: 250 }, () => randomCommand(random, NAMES))
    peer.send(Buffer.concat([...commands.map(encode), encode(['DISCARD']), encode(['ECHO', 'the end'])]))
    simulation.run()
    t.strictSame(warnings, [], `seed ${seed}`)
    const replies = split(peer.receivedBytes)
    if (replies.length !== commands.length + 2) t.fail(`seed ${seed}: ${replies.length} replies`)
    t.match(replies.at(-1), /^\$7\r\nthe end/)
  }
})

function split(bytes: Buffer): string[] {
  const replies: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = replyEnd(bytes, at)
    if (end < 0) return [...replies, `${bytes.toString('latin1', at)}, which is no whole reply`]
    replies.push(bytes.toString('latin1', at, end))
    at = end
  }
  return replies
}

t.test('any bytes are answered, or the connection is closed', async t => {
  const names = ALL.filter(name => name !== 'shutdown')
  for (let seed = 0; seed < 300 * EFFORT; seed++) {
    const random = new Random(seed)
    const { simulation, warnings } = start(random)
    const other = simulation.connect()
    const peer = simulation.connect()
    for (let count = random.below(20); count >= 0 && !peer.ended; count--) {
      peer.send(spoilt(random, encode(randomCommand(random, names))))
      simulation.run()
    }
    peer.end()
    simulation.run()
    t.strictSame(warnings, [], `seed ${seed}`)
    if (!peer.ended) t.fail(`seed ${seed}: the connection is still open`)
    if (!other.ended) {
      other.send('PING\r\n')
      simulation.run()
      t.ok(other.received.endsWith('+PONG\r\n'), `seed ${seed}: others are served`)
    }
  }
})

t.test('announcing much and sending little costs little', async t => {
  const simulation = simulate(redis())
  const before = process.memoryUsage().arrayBuffers
  for (let count = 0; count < 200; count++) {
    simulation.connect().send('*1048576\r\n$3\r\nSET\r\n$536870912\r\nabc')
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 20e6)
  t.equal(simulation.server.connections, 200)
})
