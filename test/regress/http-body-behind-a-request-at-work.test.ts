import { setImmediate as turn } from 'node:timers/promises'
import { type HttpHandlers, type HttpOptions, http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n'

async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await turn()
}

function connect(handlers: HttpHandlers, options?: HttpOptions) {
  const simulation = simulate(http(handlers, options), { failures: 'collect' })
  return { simulation, peer: simulation.connect() }
}

/** Handlers whose GET takes until `release`. */
function slow() {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const handlers: HttpHandlers = {
    async request(_id, req) {
      if (req.method === 'GET') await released
      return [{ body: `<${req.method} ${req.text()}>` }]
    },
  }
  return { handlers, release: () => release() }
}

for (const early of [true, false]) {
  const when = early ? 'before' : 'after'
  t.test(`a body that is complete ${when} the request in front of it is answered`, async t => {
    const { handlers, release } = slow()
    const { peer } = connect(handlers)
    peer.send(`${GET}${POST}12345`)
    if (early) peer.send('67890')
    release()
    await settle()
    if (!early) peer.send('67890')
    await settle()
    t.match(peer.received, /<GET >[\s\S]*<POST 1234567890>$/)
  })
}

t.test('a body that is refused behind a request in progress', async t => {
  const { handlers, release } = slow()
  const { peer } = connect(handlers, { maxBody: 6 })
  peer.send(`${GET}POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n`)
  peer.send('5\r\n67890\r\n')
  release()
  await settle()
  t.match(peer.received, /200 OK[\s\S]*<GET >HTTP\/1.1 413 /)
})

t.test('a peer that waits for 100 Continue behind a request in progress', async t => {
  const { handlers, release } = slow()
  const { peer } = connect(handlers)
  peer.send(`${GET}${POST.replace('Host', 'Expect: 100-continue\r\nHost')}`)
  release()
  await settle()
  t.match(peer.received, /<GET >HTTP\/1.1 100 Continue\r\n\r\n$/)
})

t.test('what follows a discarded body is refused with a status', t => {
  const { peer } = connect({ request: () => [{ body: 'ok' }] }, { bodies: 'stream' })
  peer.send(`${POST}12345`)
  peer.send('67890 nonsense\r\n\r\n')
  t.match(peer.received, /ok(HTTP\/1.1 400 )/)
  t.end()
})

t.test('requests whose bodies are discarded have times of their own', t => {
  const { peer, simulation } = connect({ request: () => [{ body: 'ok' }] }, { bodies: 'stream' })
  peer.send(`${POST}12345`)
  for (let minutes = 0; minutes < 10; minutes += 1 / 4) {
    simulation.advance(15_000)
    peer.send(`67890${POST}12345`)
  }
  t.notOk(peer.ended)
  simulation.advance(30_000)
  t.ok(peer.ended, 'the last one is late')
  t.end()
})

t.test('a peer that waits for 100 Continue is not late', async t => {
  const { peer, simulation } = connect(
    {
      async request(_id, req) {
        await read
        let size = 0
        for await (const piece of req.stream) size += piece.length
        return [{ body: `<${size}>` }]
      },
    },
    { bodies: 'stream' },
  )
  let begin = () => {}
  const read = new Promise<void>(resolve => {
    begin = resolve
  })
  peer.send(POST.replace('Host', 'Expect: 100-continue\r\nHost'))
  await settle()
  simulation.advance(600_000)
  begin()
  await settle()
  t.equal(peer.take(), 'HTTP/1.1 100 Continue\r\n\r\n')
  simulation.advance(29_000)
  peer.send('1234567890')
  await settle()
  t.match(peer.received, /<10>$/)
})
