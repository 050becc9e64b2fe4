import { Buffer } from 'node:buffer'
import type { Options } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

const MIB = 1024 * 1024
/** After this many equal observations, nothing moves any more. */
const STEADY = 20
/** What may be read at once, and answered with as much. */
const READ = 256 * 1024

/** Limits on a connection that receives less than it is sent, or nothing. */
export const limits: Rules = {
  'a peer that sends and never reads is not read above the high-water mark': async (t, world) => {
    for (const highWaterMark of [undefined, 100_000]) {
      const mark = highWaterMark ?? MIB
      let id = 0
      let inputs = 0
      const { server } = await world.serve({
        opened(given) {
          id ||= given
          return [undefined, highWaterMark === undefined ? {} : { highWaterMark }]
        },
        data(_id, input) {
          inputs += 1
          return [input]
        },
      })
      const sent = pattern(2 * world.much)
      const peer = world.connect(server, { paused: true }).send(sent)
      // Output still in a layer reaches the OS later, so the loop may read once more.
      let steady = 0
      let before = 0
      await world.until('the mark', () => {
        steady = inputs === before && server.pending(id) > mark ? steady + 1 : 0
        before = inputs
        return steady === STEADY
      })
      const other = world.connect(server).send('x')
      await world.until('another connection to be served', () => other.received === 'x')
      t.equal(inputs, before + 1, 'the other alone was read')
      t.ok(server.pending(id) <= mark + READ, `${server.pending(id)} bytes are pending`)
      t.ok(peer.unsent > 0, `${peer.unsent} bytes are still with the peer`)
      peer.resume()
      await world.until('all of it', () => peer.receivedBytes.length === sent.length)
      t.equal(digest(peer.receivedBytes), digest(sent))
    }
  },

  'below the high-water mark it goes on being read: who writes all before reading is served': async (
    t,
    world,
  ) => {
    const { server } = await world.serve({ data: (_id, input) => [input] })
    const sent = pattern(900_000)
    const peer = world.connect(server, { paused: true }).send(sent)
    await world.until('all of it to be taken', () => peer.unsent === 0)
    peer.resume()
    await world.until('the echo', () => peer.receivedBytes.length === sent.length)
    t.equal(digest(peer.receivedBytes), digest(sent))
  },

  'send may pass the high-water mark; reading stops until it is below it again': async (t, world) => {
    const out = pattern(world.much)
    const inputs: string[] = []
    const { server } = await world.serve({
      opened: () => [out, { highWaterMark: 1000 }],
      data: (_id, input) => void inputs.push(String(input)),
    })
    const peer = world.connect(server, { paused: true })
    await world.until('pending output', () => server.pending(1) > 1000)
    t.equal(server.send(1, 'more'), true)
    peer.send('held back')
    const other = world.connect(server).end()
    await world.until('another to come', () => other.receivedBytes.length > 0)
    t.strictSame(inputs, [])
    peer.resume()
    await world.until('all of it', () => peer.receivedBytes.length === out.length + 4)
    await world.until('the input', () => inputs.join('') === 'held back')
    t.equal(digest(peer.receivedBytes.subarray(0, out.length)), digest(out))
  },

  'output that would pass maxPending closes the connection with ENOBUFS, and nothing is left out before it':
    async (t, world) => {
      for (const way of ['reply', 'send', 'opened']) {
        const out = pattern(200_000)
        const options: Options = { maxPending: world.much }
        const errors: (Error | undefined)[] = []
        let returned = true
        let told = 0
        const { server } = await world.serve({
          opened(id) {
            if (way === 'opened') server.send(id, 'x')
            return way === 'opened' ? [Buffer.alloc(world.much), options] : [undefined, options]
          },
          data(id): readonly [Buffer] | undefined {
            if (way === 'reply') {
              server.wake(id)
              return [out]
            }
            for (let times = 0; times < 1000 && returned; times++) returned = server.send(id, out)
            return undefined
          },
          closed(_id, error) {
            told += 1
            errors.push(error)
          },
        })
        const peer = world.connect(server, { paused: true, careful: true, allowHalfOpen: true })
        if (way !== 'opened') peer.send('x')
        await world.until('closed', () => told === 1)
        t.match(errors[0], { code: 'ENOBUFS', message: /connection 1.*maxPending/ }, way)
        t.equal(returned, way !== 'send', 'send says that its output was not taken')
        t.equal(server.connections, 0)
        peer.resume()
        await world.until('its end', () => peer.error !== undefined || peer.ended)
        const { length } = peer.receivedBytes
        const whole = Buffer.concat(Array.from({ length: Math.ceil(length / out.length) }, () => out))
        if (way !== 'opened') t.equal(digest(peer.receivedBytes), digest(whole.subarray(0, length)))
        if (!world.real || world.network !== 'unix') t.match(peer.error, { code: 'ECONNRESET' })
      }
    },

  'unsent output that makes no progress in writeTimeout closes the connection with ETIMEDOUT': async (
    t,
    world,
  ) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: () => [Buffer.alloc(world.much), { writeTimeout: 50 }],
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server, { paused: true, careful: true })
    await world.until('closed', () => errors.length === 1)
    t.match(errors[0], { code: 'ETIMEDOUT', message: /connection 1.*50 ms/ })
    peer.resume()
    await world.until('its end', () => peer.error !== undefined || peer.ended)
    if (!world.real || world.network !== 'unix') t.match(peer.error, { code: 'ECONNRESET' })
  },

  'a reader that is slow but goes on is not timed out': async (t, world) => {
    const out = pattern(world.much)
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: () => [out, { writeTimeout: 600 }],
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server, { paused: true })
    for (let times = 0; times < 10; times++) {
      await world.pass(100)
      peer.resume(world.much / 16)
    }
    t.strictSame(errors, [])
    peer.resume()
    await world.until('all of it', () => peer.receivedBytes.length === out.length)
    t.equal(digest(peer.receivedBytes), digest(out))
  },

  'a closing connection whose peer does not read is timed out as well': async (t, world) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: () => [Buffer.alloc(world.much), { writeTimeout: 50 }, 2],
      closed: (_id, error) => void errors.push(error),
    })
    world.connect(server, { paused: true })
    await world.until('closed', () => errors.length === 1)
    t.match(errors[0], { code: 'ETIMEDOUT' })
  },

  'two ends that each wait for the other to read are timed out, and do not wait for ever': async (
    t,
    world,
  ) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      // Linux lets the buffers of a TCP connection grow to 32 MiB for receiving and 4 for sending.
      opened: () => [Buffer.alloc(6 * world.much), { writeTimeout: 100 }],
      closed: (_id, error) => void errors.push(error),
    })
    server.dial(String(server.addresses[0]))
    await world.until('both closed', () => errors.length === 2)
    t.ok(errors.some(error => (error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT'))
  },

  'a connection without a byte either way for idleTimeout is closed with ETIMEDOUT': async (t, world) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: () => ['hello', { idleTimeout: 300 }],
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server)
    await world.until('closed', () => errors.length === 1)
    t.match(errors[0], { code: 'ETIMEDOUT', message: /connection 1.*300 ms/ })
    await world.until('the end', () => peer.ended || peer.error !== undefined)
    t.equal(peer.received, 'hello')
  },

  'bytes either way put the idle timeout off': async (t, world) => {
    const idleTimeout = 400
    const errors: (Error | undefined)[] = []
    const ids: number[] = []
    const { server } = await world.serve({
      opened(id) {
        ids.push(id)
        return [undefined, { idleTimeout }]
      },
      closed: (_id, error) => void errors.push(error),
    })
    const sender = world.connect(server)
    await world.until('the first', () => ids.length === 1)
    const receiver = world.connect(server)
    await world.until('the second', () => ids.length === 2)
    for (let times = 0; times < 10; times++) {
      await world.pass(60)
      sender.send('x')
      server.send(ids[1] ?? 0, 'x')
    }
    await world.until('the output', () => receiver.received.length === 10)
    t.strictSame(errors, [])
    await world.until('both closed', () => errors.length === 2)
    for (const error of errors) t.match(error, { code: 'ETIMEDOUT' })
  },

  'output that finds nothing unsent is taken whatever its size, and what comes behind it counts': async (
    t,
    world,
  ) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: () => [undefined, { maxPending: 1000 }],
      data: (id, input) => {
        if (String(input) === '2') server.send(id, Buffer.alloc(3000))
        return [[Buffer.alloc(2000), Buffer.alloc(1000)]]
      },
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server, { allowHalfOpen: true }).send('1')
    await world.until('all of it', () => peer.received.length === 3000)
    t.strictSame(errors, [])
    world.connect(server, { paused: true, allowHalfOpen: true }).send('2')
    await world.until('closed', () => errors.length === 1)
    t.match(errors[0], { code: 'ENOBUFS' })
  },

  'a limit of 0 is a limit': async (t, world) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: id => [undefined, id === 1 ? { maxPending: 0 } : { highWaterMark: 0 }],
      data: (_id, input) => [input],
      closed: (_id, error) => void errors.push(error),
    })
    world.connect(server, { allowHalfOpen: true }).send('x')
    await world.until('closed', () => errors.length === 1)
    t.match(errors[0], { code: 'ENOBUFS' })
    const peer = world.connect(server).send(Buffer.alloc(500_000, 'y'))
    await world.until('the echo', () => peer.received.length === 500_000)
    t.equal(errors.length, 1)
  },

  'pause stops the reading until resume, and holds the end back as well': async (t, world) => {
    const inputs: string[] = []
    let closed = 0
    const { server } = await world.serve({
      data(id, input) {
        inputs.push(String(input))
        if (inputs.length === 1) server.pause(id)
        return [input]
      },
      closed: () => void closed++,
    })
    const peer = world.connect(server).send('a')
    await world.until('the echo', () => peer.received === 'a')
    peer.send('b').end()
    const other = world.connect(server).end()
    await world.until('another to come and go', () => other.ended && closed === 1)
    t.strictSame(inputs, ['a'])
    t.equal(server.pause(1), true, 'pausing twice is pausing')
    t.equal(server.resume(1), true)
    await world.until('the end', () => peer.ended && closed === 2)
    t.equal(peer.received, 'ab')
  },
}
