import { setTimeout as wait } from 'node:timers/promises'
import { http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'
import { answersIn, world } from './exchange.js'

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

t.test('pipelined requests are answered in order, one at a time unless more are asked for', async t => {
  for (const concurrency of [1, 3]) {
    let busy = 0
    let most = 0
    const { simulation, peer } = world(
      {
        async request(_id, req) {
          busy++
          most = Math.max(most, busy)
          await wait(Number(req.query.get('ms')))
          busy--
          return [{ body: req.target }]
        },
      },
      { concurrency, maxPipelined: 4 },
    )
    const targets = [9, 1, 5, 1, 1, 7, 1, 1, 1, 3].map((ms, index) => `/${index}?ms=${ms}`)
    peer.send(targets.map(target => get(target)).join(''))
    while (answersIn(peer.received).length < targets.length) await simulation.settle()
    t.same(
      answersIn(peer.received).map(({ body }) => body),
      targets,
    )
    t.equal(most, concurrency)
  }
})

t.test('a peer that sends its end gets all answers', async t => {
  const { simulation, peer } = world({
    async request(_id, req) {
      await wait(5)
      return [{ body: req.target }]
    },
  })
  peer.send(get('/1') + get('/2')).end()
  await simulation.settle()
  while (!peer.ended) await simulation.settle()
  t.same(
    answersIn(peer.received).map(({ body }) => body),
    ['/1', '/2'],
  )
})

t.test('a connection serves as many requests as it may', async t => {
  const { peer } = world({ request: (_id, req) => [{ body: req.target }] }, { maxRequests: 2 })
  peer.send(get('/1') + get('/2') + get('/3'))
  t.match(answersIn(peer.received), [{ body: '/1' }, { body: '/2', headers: { connection: 'close' } }])
  t.equal(answersIn(peer.received).length, 2)
  t.ok(peer.ended)
})

t.test('nothing is served behind a request that closes', async t => {
  const { peer } = world({ request: (_id, req) => [{ body: req.target }] })
  peer.send(get('/1', 'Connection: close\r\n') + get('/2'))
  t.same(
    answersIn(peer.received).map(({ body }) => body),
    ['/1'],
  )
})

t.test('interim responses go before the final one', async t => {
  const app = http({
    request(id, req) {
      t.equal(app.informational(id, 103, { link: '</a>' }), req.version === '1.1')
      return [{ body: req.target }]
    },
  })
  const peer = simulate(app).connect()
  t.equal(app.informational(peer.id, 103), false, 'there is no request')
  peer.send(get('/1') + get('/2'))
  const statuses = answersIn(peer.received).map(({ status }) => status)
  t.same(statuses, [103, 200, 103, 200])
  t.match(peer.received, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 200/)
  t.throws(() => app.informational(peer.id, 200), { code: 'ERR_REPLY' })
  t.throws(() => app.informational(peer.id, 101), { code: 'ERR_REPLY' })
})

t.test('the memory of a body may be used again when the next handler runs', async t => {
  const memory = Buffer.alloc(1)
  const { peer } = world({
    request(_id, req) {
      memory.write(req.path.slice(1))
      return [{ body: memory }]
    },
  })
  peer.send(get('/a') + get('/b') + get('/c'))
  t.same(
    answersIn(peer.received).map(({ body }) => body),
    ['a', 'b', 'c'],
  )
})

t.test('requests keep what they said', async t => {
  const kept: { target: string; host: string }[] = []
  const requests: import('revio/http').HttpRequest[] = []
  const { peer } = world({
    request(_id, req) {
      requests.push(req)
      return [{}]
    },
  })
  const targets = ['/first', '/first', '/second?x=y', '/third']
  for (const target of targets) peer.send(get(target, 'X: 1\r\n'))
  peer.send(targets.map(target => get(target, 'X: 1\r\n')).join(''))
  for (const { target, host } of requests) kept.push({ target, host })
  t.same(
    kept,
    [...targets, ...targets].map(target => ({ target, host: 'a' })),
  )
  t.same(
    requests.map(req => req.headers.get('x')),
    Array(8).fill('1'),
  )
})

t.test('no handler sees what comes behind the last request', async t => {
  for (const more of ['Connection: close\r\n', 'Connection: close, keep-alive\r\n']) {
    for (const version of ['1.0', '1.1']) {
      const seen: string[] = []
      const { simulation, peer } = world(
        {
          async request(_id, req) {
            seen.push(req.path)
            return [{}]
          },
        },
        { concurrency: 4 },
      )
      peer.send(`${get('/last', more)}${get('/behind')}`.replaceAll('HTTP/1.1', `HTTP/${version}`))
      await simulation.settle()
      t.same(seen, ['/last'], `${version} ${more}`)
      t.ok(peer.ended)
    }
  }
})
