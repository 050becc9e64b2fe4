import { Action, type Handlers } from 'revio'
import type { HttpHandlers } from 'revio/http'
import t from 'tap'
import { answersIn, world } from './exchange.js'

const UPGRADE = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const SWITCH = { status: 101, headers: { connection: 'Upgrade', upgrade: 'echo' } }

const echo: Handlers<string> = {
  data: (_id, input, name) => [input === null ? `hello ${name};` : input],
}

const request: HttpHandlers['request'] = (_id, req) => [{ body: req.path }]

t.test('another protocol takes over, with what came behind the request', async t => {
  for (const answer of [() => [echo, 'x', SWITCH] as const, async () => [echo, 'x', SWITCH] as const]) {
    for (const cut of [(text: string) => [text], (text: string) => [...text]]) {
      const { simulation, peer } = world({ request, upgrade: answer as never })
      for (const piece of cut(`${GET}${UPGRADE}raw\r\n`)) peer.send(piece)
      await simulation.settle()
      const [first, rest] = peer.received.split('HTTP/1.1 101 Switching Protocols\r\n')
      t.match(answersIn(first ?? ''), [{ body: '/' }])
      t.match(rest, /^upgrade: echo\r\nConnection: Upgrade\r\n\r\n/i)
      t.equal(rest?.split('\r\n\r\n')[1]?.replace('hello x;', ''), 'raw\r\n')
      t.match(rest, 'hello x;')
      peer.send('more')
      t.match(peer.received, /more$/)
      simulation.advance(1e6)
      t.notOk(peer.ended, "http's times are gone")
    }
  }
})

t.test('a response declines, and the connection goes on', async t => {
  for (const upgrade of [
    undefined,
    () => [{ status: 403 }] as const,
    async () => [{ status: 403 }] as const,
  ]) {
    const { simulation, peer } = world(upgrade === undefined ? { request } : { request, upgrade })
    peer.send(`${UPGRADE}${GET}`)
    await simulation.settle()
    t.same(
      answersIn(peer.received).map(({ status }) => status),
      [upgrade === undefined ? 200 : 403, 200],
    )
    t.notOk(peer.ended)
  }
})

t.test('CONNECT is an upgrade', async t => {
  const { peer } = world({ request, upgrade: () => [echo, 'x', { status: 200 }] })
  peer.send('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nraw')
  t.match(peer.received, /^HTTP\/1\.1 200 OK\r\n\r\n(rawhello x;|hello x;raw)$/)
  const declined = world({ request, upgrade: () => [{ status: 403 }, Action.None] }).peer
  declined.send(`CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
  t.match(answersIn(declined.received), [{ status: 403, headers: { connection: 'close' } }])
  t.equal(answersIn(declined.received).length, 1)
})

t.test('what upgrade throws is answered as what request throws', async t => {
  const { simulation, peer } = world({
    request,
    upgrade() {
      throw new Error('thrown')
    },
  })
  peer.send(UPGRADE)
  t.match(answersIn(peer.received), [{ status: 500 }])
  t.ok(peer.ended)
  t.match(simulation.failures, [{ error: { message: 'thrown' } }])
})
