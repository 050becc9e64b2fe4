import { Buffer } from 'node:buffer'
import type { Test } from 'tap'
import { Action, type Events, type Out, type Server } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Peer, World } from '../world.js'
import type { Rules } from './rule.js'

/** From a few bytes up to more than any buffer on the way holds. */
const SIZES = [1, 100, 40_000, 70_000, 300_000, 1_200_000]

/** Output arrives completely, unchanged, and in order. */
export const replies: Rules = {
  'what comes in goes out the same': async (t, world) => {
    for (const reuseInputBuffer of [false, true]) {
      const { server } = await world.serve({
        opened: () => [undefined, { reuseInputBuffer }],
        data: (_id, input) => [input],
      })
      const peers = SIZES.map((size, index) => {
        const sent = pattern(size, index + 1)
        return { sent, peer: world.connect(server).send(sent) }
      })
      await world.until('all echoes', () =>
        peers.every(({ sent, peer }) => peer.receivedBytes.length >= sent.length),
      )
      for (const { sent, peer } of peers) t.equal(digest(peer.receivedBytes), digest(sent), `${sent.length}`)
    }
  },

  'parts of the input may go out, in any order and among other output': async (t, world) => {
    const { server } = await world.serve({
      data: (_id, input) => {
        if (input === null) return
        return [Array.from(input, (_byte, at) => ['<', input.subarray(at, at + 1), '>'] as const).flat()]
      },
    })
    const peer = world.connect(server).send('abcdef')
    await world.until('the output', () => peer.received.endsWith('<f>'))
    t.equal(peer.received, '<a><b><c><d><e><f>')
  },

  'a buffer may be used again as soon as the handler that returned it has': async (t, world) => {
    for (const size of SIZES) {
      const scratch = Buffer.alloc(size)
      const { server } = await world.serve({
        data(_id, input) {
          scratch.fill(input?.[0] ?? 0)
          return [[scratch]]
        },
        closed: () => void scratch.fill('!'),
      })
      await sameBytesToAll(t, world, server, size)
    }
  },

  'a buffer may be used again where prewrite watches the writing': async (t, world) => {
    const scratch = Buffer.alloc(100_000)
    const { server } = await world.serve({
      data(_id, input) {
        scratch.fill(input?.[0] ?? 0)
        return [scratch]
      },
      prewrite: () => void scratch.fill('!'),
    })
    await sameBytesToAll(t, world, server, scratch.length)
  },

  'send has taken its bytes when it returns': async (t, world) => {
    for (const size of SIZES) {
      const scratch = Buffer.alloc(size)
      const { server } = await world.serve({
        data(id, input) {
          scratch.fill(input?.[0] ?? 0)
          server.send(id, scratch)
          scratch.fill('!')
        },
      })
      await sameBytesToAll(t, world, server, size)
    }
  },

  'input that was kept stays as it was when others use their output again': async (t, world) => {
    const kept: Buffer[] = []
    const { server } = await world.serve({
      data(_id, input) {
        if (input === null) return
        kept.push(input)
        const out = Buffer.from(input)
        queueMicrotask(() => out.fill('!'))
        return [out]
      },
    })
    const sent = pattern(500_000)
    const peer = world.connect(server).send(sent)
    await world.until('the echo', () => peer.receivedBytes.length === sent.length)
    t.equal(digest(peer.receivedBytes), digest(sent))
    t.equal(digest(Buffer.concat(kept)), digest(sent))
  },

  'output goes out in the order in which it was returned or sent': async (t, world) => {
    const sent: Buffer[] = []
    let id = 0
    const make = (): Out => {
      const size = [3, 50, 5_000, 50_000, 400_000][sent.length % 5] ?? 0
      const bytes = pattern(size, sent.length + 1)
      sent.push(bytes)
      return sent.length % 2 === 0 ? bytes : [bytes.subarray(0, 2), bytes.subarray(2)]
    }
    const { server } = await world.serve({
      opened(given) {
        id = given
        return [make()]
      },
      data(given, input) {
        server.send(given, make())
        if (input !== null && sent.length < 60) server.wake(given)
        return [make()]
      },
      postwrite: given => void (sent.length < 40 && sent.length % 3 === 0 && server.send(given, make())),
    })
    const peer = world.connect(server)
    for (let round = 0; round < 10; round++) {
      peer.send('x')
      await world.until('some output', () => sent.length > 4 * round)
      server.send(id, make())
    }
    await world.until('all of it', () => peer.receivedBytes.length === Buffer.concat(sent).length)
    t.ok(sent.length >= 30)
    t.equal(digest(peer.receivedBytes), digest(Buffer.concat(sent)))
  },

  'what send was called with in a handler goes before what that handler returns': async (t, world) => {
    const { server } = await world.serve({
      data(id) {
        server.send(id, 'first,')
        server.send(id, 'second,')
        return ['third']
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the output', () => peer.received.includes('third'))
    t.equal(peer.received, 'first,second,third')
  },

  'send from a handler of another connection, and from outside of any': async (t, world) => {
    const ids: number[] = []
    const { server } = await world.serve({
      opened: id => void ids.push(id),
      data: () => void server.send(ids[0] ?? 0, 'from the other,'),
    })
    const one = world.connect(server)
    await world.until('opened', () => ids.length === 1)
    world.connect(server).send('x')
    await world.until('the first', () => one.received.length > 0)
    t.equal(server.send(ids[0] ?? 0, ['from', ' outside']), true)
    await world.until('the second', () => one.received.endsWith('outside'))
    t.equal(one.received, 'from the other,from outside')
  },

  'one piece of output may go to many, fast and slow': async (t, world) => {
    const out = pattern(1_000_000)
    const ids: number[] = []
    const { server } = await world.serve({ opened: id => void ids.push(id) })
    const peers = Array.from({ length: 20 }, (_, index) => world.connect(server, { paused: index % 2 === 0 }))
    await world.until('all open', () => ids.length === peers.length)
    for (const id of ids) t.equal(server.send(id, [out, 'end']), true)
    out.fill('!')
    await world.until('the fast ones', () => peers.every((peer, index) => index % 2 === 0 || endsWell(peer)))
    for (const peer of peers) peer.resume()
    await world.until('the slow ones', () => peers.every(endsWell))
    const expected = digest(pattern(1_000_000))
    for (const peer of peers) t.equal(digest(peer.receivedBytes.subarray(0, -3)), expected)
  },

  'send says false for an id that is not open, and so do wake, pause and resume': async (t, world) => {
    let id = 0
    const during: boolean[] = []
    const { server } = await world.serve({
      opened(given) {
        id = given
      },
      data: () => t.fail('no data was sent') as never,
      closed: given => {
        during.push(server.send(given, 'x'), server.wake(given), server.pause(given), server.resume(given))
        during.push(server.send(given, 'x', Action.Shutdown))
      },
    })
    const all = (of: number) => [server.send(of, 'x'), server.wake(of), server.pause(of), server.resume(of)]
    t.strictSame(all(1), [false, false, false, false])
    const peer = world.connect(server)
    await world.until('opened', () => id > 0)
    t.strictSame([server.pause(id), server.resume(id), server.send(id, '')], [true, true, true])
    peer.end()
    await world.until('closed', () => during.length === 5)
    t.strictSame(during, [false, false, false, false, false])
    for (const of of [id, id + 1, 0, -1, 1.5, Number.NaN]) t.strictSame(all(of), [false, false, false, false])
    t.equal(server.pending(id), 0)
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, '')
  },

  'send with what is no output throws ERR_REPLY where it was called': async (t, world) => {
    let id = 0
    const { server } = await world.serve({
      opened(given) {
        id = given
      },
    })
    const peer = world.connect(server)
    await world.until('opened', () => id > 0)
    for (const out of [5, {}, [7], true]) {
      t.throws(() => server.send(id, out as never), { code: 'ERR_REPLY', message: /^send: / })
    }
    t.throws(() => server.send(id, 'x', 7 as never), { code: 'ERR_REPLY', message: /^send: .*7/ })
    server.send(id, 'still open')
    await world.until('the output', () => peer.received === 'still open')
  },

  'pending counts the bytes that have not left': async (t, world) => {
    const size = world.much
    let id = 0
    const { server } = await world.serve({
      opened(given) {
        id = given
      },
    })
    const peer = world.connect(server, { paused: true })
    await world.until('opened', () => id > 0)
    t.equal(server.pending(id), 0)
    server.send(id, 'x'.repeat(size))
    await world.until('some has left', () => server.pending(id) > 0 && server.pending(id) < size)
    peer.resume()
    await world.until('all has come', () => peer.receivedBytes.length === size)
    await world.until('none is pending', () => server.pending(id) === 0)
    t.equal(server.pending(id + 1), 0)
  },

  'a stream to a reader that stops and goes on loses, doubles and moves nothing': async (t, world) => {
    const sent = pattern(1.5 * world.much)
    const events: Events = {
      opened: () => [undefined, { highWaterMark: 256 * 1024 }],
      data: (_id, input) => [input],
    }
    const { server } = await world.serve(events)
    const peer = world.connect(server, { paused: true }).send(sent)
    let before = -1
    while (peer.receivedBytes.length < sent.length) {
      await world.until('some more', () => peer.receivedBytes.length > before)
      before = peer.receivedBytes.length
      peer.resume(sent.length / 16)
    }
    t.equal(peer.receivedBytes.length, sent.length)
    t.equal(digest(peer.receivedBytes), digest(sent))
  },
}

function endsWell(peer: Peer): boolean {
  const bytes = peer.receivedBytes
  return bytes.length > 3 && bytes.subarray(-3).toString() === 'end'
}

/** Several peers send requests at once; each must receive `size` times its request. */
async function sameBytesToAll(t: Test, world: World, server: Server, size: number): Promise<void> {
  const peers = ['a', 'b', 'c', 'd'].map(letter => ({ letter, peer: world.connect(server).send(letter) }))
  await world.until('all answers', () => peers.every(({ peer }) => peer.receivedBytes.length === size))
  for (const { letter, peer } of peers) {
    t.ok(peer.receivedBytes.equals(Buffer.alloc(size, letter)), `${size} times ${letter}`)
  }
}
