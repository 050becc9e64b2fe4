import { constants, deflateRawSync } from 'node:zlib'
import t from 'tap'
import { Action } from '../../lib/index.js'
import type { Peer } from '../../lib/testing.js'
import type { MessageReply, WebSocketHandlers } from '../../lib/websocket/index.js'
import { binary, close, more, ping, pong, readFrames, text } from './frames.js'
import { world } from './world.js'

/*
 * Programs that do anything from anywhere, against peers that send anything. Whatever they do: `opened` comes first and
 * `closed` last, messages keep their order, a token is told of once, what peers get are whole frames with the close frame
 * last, and nothing is left behind.
 */

const PLANTED = 'planted'

type Rand = (below: number) => number

function rand(seed: number): Rand {
  let state = seed * 2_654_435_761
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return ((state >>> 8) ^ (state >>> 24)) % below
  }
}

function deflated(data: string): Buffer {
  const all = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH })
  return all.subarray(0, all.length - 4)
}

/** What one client sends, in order; each message counts on. */
function* frames(next: Rand, compressed: boolean): Generator<Buffer> {
  for (let count = 0; ; count++) {
    const words = `${count} ${'x'.repeat(next(4) === 0 ? next(3000) : next(40))}`
    const kind = next(20)
    if (kind < 7) yield text(words)
    else if (kind < 9) yield binary(words)
    else if (kind < 12) {
      const cut = next(words.length)
      yield text(words.slice(0, cut), { fin: false })
      if (next(2) === 0) yield ping('inside')
      if (next(2) === 0) yield more('', { fin: false })
      yield more(words.slice(cut))
    } else if (kind < 15 && compressed) yield text(deflated(words), { rsv: 4 })
    else if (kind < 17) {
      count--
      yield next(2) === 0 ? ping('p'.repeat(next(126))) : pong('?')
    } else if (kind === 17 && next(4) === 0) yield close(1000 + next(3), 'bye')
    else if (kind === 18 && next(12) === 0) yield text(words, { rsv: 2 })
    else yield text(words)
  }
}

/** One run; throws where a rule does not hold. */
async function run(seed: number): Promise<void> {
  const next = rand(seed)
  const deflate = next(4) === 0 && { threshold: 30, contextTakeover: next(2) === 0 }
  const life = new Map<number, 'open' | 'closed'>()
  const counts = new Map<number, number>()
  const tokens = new Map<number, number>()
  const faults: string[] = []
  const rule = (holds: boolean, words: string) => {
    if (!holds) faults.push(words)
  }
  let token = 0

  const someone = (id: number) => (next(3) === 0 ? next(6) : id)
  const data = () =>
    next(2) === 0 ? 'y'.repeat(next(300)) : Buffer.alloc(next(20) === 0 ? 70_000 : next(300), 1)
  const action = () =>
    [undefined, undefined, Action.Close, { code: 4000 }, Action.Reset][next(3) === 0 ? next(5) : 0]

  function disturb(id: number): void {
    const other = someone(id)
    const what = next(14)
    if (what === 0) sockets.publish('all', data(), { slow: 'skip' })
    else if (what === 1) sockets.broadcast(sockets.ids(), data(), { except: id })
    else if (what === 2) sockets.subscribe(other, next(2) === 0 ? 'all' : 'few')
    else if (what === 3) sockets.unsubscribe(other, 'all')
    else if (what === 4) sockets.pause(other)
    else if (what === 5 && next(6) === 0) sockets.close(other, 4001, 'enough')
    else if (what === 6) sockets.ping(other, 'ping')
    else if (what === 7) rule(sockets.pending(other) >= 0, 'pending')
    else if (what < 10) {
      const mine = ++token
      tokens.set(mine, 0)
      const then = { token: mine, action: next(8) === 0 ? action() : undefined }
      if (!sockets.send(other, data(), then)) tokens.delete(mine)
    } else if (what === 11) sockets.publish('few', data(), { slow: 'close' })
  }

  function reply(id: number): MessageReply | Promise<MessageReply> {
    for (let times = next(3); times > 0; times--) disturb(id)
    const kind = next(24)
    if (kind === 0) throw new Error(PLANTED)
    if (kind === 1) return Promise.reject(new Error(PLANTED))
    const given = (): MessageReply => {
      const out = [null, data(), [data(), data()], []][next(4)]
      if (next(5) !== 0) return [out, next(10) === 0 ? action() : undefined]
      const mine = ++token
      if (life.get(id) === 'open') tokens.set(mine, 0)
      return [out, undefined, mine]
    }
    if (kind > 7) return kind % 2 === 0 ? given() : undefined
    return new Promise(resolve =>
      setImmediate(() => {
        disturb(id)
        resolve(given())
      }),
    )
  }

  const running = (id: number) =>
    rule(life.get(id) === 'open', `a handler of ${id} runs, which is ${life.get(id)}`)
  const handlers: WebSocketHandlers = {
    opened(id) {
      rule(!life.has(id), `${id} opens twice`)
      life.set(id, 'open')
      counts.set(id, -1)
      sockets.subscribe(id, 'all')
      return reply(id)
    },
    message(id, bytes) {
      running(id)
      const count = Number.parseInt(String(bytes), 10)
      rule(count === (counts.get(id) ?? 0) + 1, `${id}: message ${count} behind ${counts.get(id)}`)
      counts.set(id, count)
      return reply(id)
    },
    ping(id) {
      running(id)
      return reply(id)
    },
    pong(id) {
      running(id)
      disturb(id)
    },
    sent(id, mine) {
      running(id)
      rule(tokens.get(mine as number) === 0, `token ${mine} is told of again, or was never given`)
      tokens.set(mine as number, 1)
      disturb(id)
    },
    closed(id) {
      running(id)
      life.set(id, 'closed')
      disturb(id)
    },
    failed: error => rule(error.message === PLANTED, String(error.stack)),
  }
  const headers = { 'sec-websocket-extensions': 'permessage-deflate' }
  const made = world(
    handlers,
    { maxPending: 1 << 20, highWaterMark: 1 << 16, ...(deflate && { deflate, headers }) },
    { seed },
  )
  const { sockets, simulation } = made

  const clients: { peer: Peer; frames: Generator<Buffer>; rest: Buffer; over: boolean }[] = []
  for (let step = 0; step < 40; step++) {
    if (clients.length < 5 && next(4) === 0) {
      const peer = next(6) === 0 ? simulation.connect({ paused: true }) : simulation.connect()
      clients.push({ peer, frames: frames(next, deflate !== false), rest: Buffer.alloc(0), over: false })
    }
    const client = clients[next(5)]
    if (client === undefined || client.over || client.peer.ended || client.peer.closed) continue
    const what = next(30)
    if (what < 2) {
      client.over = true
      if (what === 0) client.peer.reset()
      else client.peer.end()
    } else if (what === 2) client.peer.resume()
    else {
      let all = client.rest
      for (let count = next(4); count > 0; count--) all = Buffer.concat([all, client.frames.next().value])
      const cut = next(3) === 0 ? next(all.length + 1) : all.length
      client.rest = all.subarray(cut)
      if (cut > 0) client.peer.send(all.subarray(0, cut))
    }
    if (next(3) === 0) await simulation.settle()
    if (next(4) === 0) for (const id of sockets.ids()) sockets.resume(id)
  }

  for (const { peer } of clients) if (!peer.closed) peer.resume()
  for (const id of sockets.ids()) sockets.resume(id)
  await simulation.settle()
  for (const { peer, over } of clients) if (!over && !peer.closed) peer.end()
  for (let round = 0; sockets.size > 0 && round < 100; round++) {
    for (const id of sockets.ids()) sockets.resume(id)
    await new Promise(resolve => setImmediate(resolve))
    simulation.advance(1000)
    await simulation.settle()
  }
  rule(sockets.size === 0 && made.server.connections === 0, `${sockets.size} are left`)
  rule(sockets.subscribers('all') + sockets.subscribers('few') === 0, 'subscribers are left')
  rule(
    [...life.values()].every(state => state === 'closed'),
    'closed did not come for all',
  )
  for (const [mine, times] of tokens) rule(times === 1, `token ${mine} was not told of`)
  for (const { peer } of clients) if (peer.error === undefined) checkOutput(peer.receivedBytes, rule)
  for (const warning of simulation.warnings) rule(String(warning).includes(PLANTED), String(warning))
  if (faults.length > 0) throw new Error(`seed ${seed}: ${faults.slice(0, 3).join('; ')}`)
}

/** Whole frames; one that TCP's end cut off may stand last. */
function checkOutput(bytes: Buffer, rule: (holds: boolean, words: string) => void): void {
  try {
    const opcodes = readFrames(bytes).map(({ opcode }) => opcode)
    const at = opcodes.indexOf(8)
    rule(at < 0 || at === opcodes.length - 1, `frames behind the close frame: ${opcodes.slice(at)}`)
  } catch (error) {
    rule(/is cut off|out of range/.test(String(error)), String(error))
  }
}

const seeds = Number(process.env.SEEDS ?? 100)
const from = Number(process.env.FROM ?? 1)

t.test('programs that do anything, and peers that send anything', async t => {
  for (let seed = from; seed < from + seeds; seed++) await run(seed)
  t.pass(`${seeds} seeds`)
})
