import { test } from 'tap'
import { answersIn, world } from '../http/exchange.js'

const HEAD = 'POST /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n'
const GET = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'
const SWITCH = { status: 101, headers: { connection: 'Upgrade', upgrade: 'echo' } }

/** Whole, byte by byte, and split at the end of the message. */
const cuts: Record<string, (text: string) => string[]> = {
  whole: text => [text],
  'byte by byte': text => [...text],
  'in two': text => [text.slice(0, -GET.length), text.slice(-GET.length)],
}

for (const [kind, body] of [
  ['a chunked body', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  ['chunks and a trailer', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n'],
  ['a counted body', 'Content-Length: 3\r\n\r\nabc'],
  ['no body', '\r\n'],
] as const) {
  for (const options of [{}, { bodies: 'stream' }, { maxPipelined: 1 }] as const) {
    for (const [how, cut] of Object.entries(cuts)) {
      const title = `a wish for another protocol with ${kind}, ${how}, ${JSON.stringify(options)}`
      test(`${title}, is declined, and the next request is served`, async t => {
        const { simulation, peer } = world(
          { request: (_id, req) => [{ body: req.path }], upgrade: () => [{ status: 426 }] },
          options,
        )
        for (const piece of cut(`${HEAD}${body}${GET}`)) peer.send(piece)
        await simulation.settle()
        t.match(answersIn(peer.received), [{ status: 426 }, { status: 200, body: '/next' }])
      })

      test(`${title}, is met, and the rest is its`, async t => {
        const { simulation, peer } = world(
          {
            request: () => [{ status: 500 }],
            upgrade: () => [{ data: (_id, input) => [input] }, undefined, SWITCH],
          },
          options,
        )
        for (const piece of cut(`${HEAD}${body}${GET}`)) peer.send(piece)
        await simulation.settle()
        t.match(peer.received, /^HTTP\/1\.1 101 /)
        t.ok(peer.received.endsWith(`\r\n\r\n${GET}`), peer.received)
      })
    }
  }
}
