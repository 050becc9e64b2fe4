import { setImmediate as turn } from 'node:timers/promises'
import { type Fetch, fetchHandler, http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'

async function ask(fetch: Fetch, text = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n') {
  const peer = simulate(http(fetchHandler(fetch)), { failures: 'collect' }).connect()
  peer.send(text)
  for (let turns = 0; turns < 10; turns++) await turn()
  return peer
}

t.test('headers that are set behind a use of the body are sent', async t => {
  const { received } = await ask(() => {
    const response = new Response('a')
    const { headers } = response
    response.clone()
    headers.set('x-a', 'b')
    t.equal(response.headers, headers)
    t.equal(response.clone().headers.get('x-a'), 'b')
    return response
  })
  t.match(received, /x-a: b/)
})

t.test('arguments that change later change nothing', async t => {
  const { received } = await ask(async () => {
    const headers: Record<string, string> = { 'x-a': 'b' }
    const init = { status: 201, headers }
    const body = Buffer.from('abc')
    const response = new Response(body, init)
    init.status = 202
    headers['x-a'] = 'c'
    body.fill(0)
    return response
  })
  t.match(received, /^HTTP\/1.1 201 [\s\S]*x-a: b[\s\S]*\r\n\r\nabc$/)
})

t.test('invalid arguments throw where they are given', async t => {
  await ask(() => {
    t.throws(() => new Response('a', { headers: { 'a b': 'c' } }), TypeError)
    t.throws(() => new Response('a', { headers: { a: 'b\nc' } }), TypeError)
    t.throws(() => new Response('a', { headers: { a: '\u20ac' } }), TypeError)
    t.throws(() => new Response('a', { statusText: 'a\nb' }), TypeError)
    return new Response('a')
  })
})

t.test('a Request can be made of a request', async t => {
  const { received } = await ask(async request => {
    const copy = new Request(request, { headers: { 'x-a': 'b' } })
    return new Response(`${copy.method} ${copy.url} ${copy.headers.get('x-a')} ${await copy.text()}`)
  }, 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
  t.match(received, /POST http:\/\/a\/a b abc$/)
})

t.test('a body that cannot be read breaks its connection, also to a peer without chunks', async t => {
  const read: Fetch = async () => {
    const response = new Response('abc')
    await response.text()
    return response
  }
  t.ok((await ask(read)).error)
  t.ok((await ask(read, 'GET / HTTP/1.0\r\n\r\n')).error)
})
