import { http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

t.test('requests that were pipelined with one that throws do not reach the next connection', t => {
  const served: string[] = []
  const simulation = simulate(
    http({
      request(id, { path }) {
        served.push(`${id} ${path}`)
        if (path === '/fault') throw new Error('a fault')
        return [{ body: `<${path}>` }]
      },
    }),
    { failures: 'collect' },
  )
  const first = simulation.connect().send(`${get('/fault')}${get('/secret')}`)
  t.match(first.received, /^HTTP\/1.1 500 /)
  t.ok(first.ended)
  const second = simulation.connect().send(get('/mine'))
  t.match(second.received, /^HTTP\/1.1 200 OK\r\n[^<]*<\/mine>$/)
  t.same(served, [`${first.id} /fault`, `${second.id} /mine`])
  t.end()
})

t.test('the length of content that is not known is not sent for HEAD', t => {
  const bodies = [null, undefined, '', 'abc']
  const simulation = simulate(http({ request: () => [{ body: bodies.shift() }] as never }))
  const peer = simulation.connect()
  const lengths = [1, 2, 3, 4].map(() => {
    peer.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    return /content-length: (\d+)/i.exec(peer.take())?.[1]
  })
  t.same(lengths, [undefined, undefined, '0', '3'])
  t.notOk(peer.ended)
  t.end()
})
