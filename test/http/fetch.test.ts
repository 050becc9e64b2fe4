import { H3 } from 'h3'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'
import { serve } from 'revio'
import { fetchHandler, type HttpOptions, http } from 'revio/http'
import t from 'tap'

const ends: (() => Promise<void>)[] = []
t.teardown(() => Promise.all(ends.map(end => end())))

const RealResponse = globalThis.Response

/** Serves a handler of the web's standard; `fetch` asks it. */
async function served(
  app: (request: Request) => Response | Promise<Response>,
  options: HttpOptions = { bodies: 'stream' },
) {
  const running = serve(http(fetchHandler(app), options), 'tcp4://127.0.0.1:0')
  const server = await running.listening
  ends.push(async () => {
    server.shutdown()
    await running
  })
  const at = `http://127.0.0.1:${server.addresses[0]?.port}`
  return { at, ask: (path: string, init?: RequestInit) => fetch(`${at}${path}`, init) }
}

t.test('Hono runs as it is', async t => {
  const app = new Hono()
  app.get('/', c => c.text('hello'))
  app.get('/json/:name', c =>
    c.json({ name: c.req.param('name'), agent: c.req.header('x-agent'), query: c.req.query('q') }),
  )
  app.post('/echo', async c => c.body(await c.req.arrayBuffer(), 200, { 'content-type': 'x/y' }))
  app.post('/form', async c => c.json(await c.req.parseBody()))
  app.get('/cookies', c => {
    c.header('set-cookie', 'a=1', { append: true })
    c.header('set-cookie', 'b=2', { append: true })
    return c.text('', 201)
  })
  app.get('/stream', c =>
    streamText(c, async stream => {
      await stream.write('a')
      await stream.write('b')
    }),
  )
  app.get('/throws', () => {
    throw new Error('thrown')
  })
  app.get('/none', c => c.body(null, 204))
  app.onError((error, c) => c.text(error.message, 500))
  const { ask, at } = await served(app.fetch)
  const hello = await ask('/')
  t.same(
    [hello.status, hello.headers.get('content-type'), await hello.text()],
    [200, 'text/plain;charset=UTF-8', 'hello'],
  )
  const json = await ask('/json/a%20b?q=%C3%A9', { headers: { 'X-Agent': 'me' } })
  t.same(await json.json(), { name: 'a b', agent: 'me', query: 'é' })
  t.match(json.headers.get('content-type'), /^application\/json/)
  const large = Buffer.alloc(500_000, 'x')
  t.ok(large.equals(Buffer.from(await (await ask('/echo', { method: 'POST', body: large })).arrayBuffer())))
  t.same(await (await ask('/form', { method: 'POST', body: new URLSearchParams({ a: 'b' }) })).json(), {
    a: 'b',
  })
  const cookies = await ask('/cookies')
  t.same([cookies.status, cookies.headers.getSetCookie()], [201, ['a=1', 'b=2']])
  t.equal(await (await ask('/stream')).text(), 'ab')
  t.equal((await ask('/throws')).status, 500)
  t.equal((await ask('/none')).status, 204)
  t.equal((await ask('/nowhere')).status, 404)
  const head = await ask('/', { method: 'HEAD' })
  t.same([head.status, await head.text()], [200, ''])
  t.match(at, 'http')
})

t.test('h3 runs as it is', async t => {
  const app = new H3()
    .get('/', () => 'hello')
    .post('/echo', async event => ({ got: await event.req.json(), url: event.req.url }))
  const { ask, at } = await served(request => app.fetch(request))
  t.equal(await (await ask('/')).text(), 'hello')
  const echo = await ask('/echo?a', { method: 'POST', body: '{"a":1}' })
  t.same(await echo.json(), { got: { a: 1 }, url: `${at}/echo?a` })
})

t.test('bodies stream both ways', async t => {
  const { ask } = await served(request => new Response(request.body))
  let send: (text: string) => void = () => {}
  const body = new ReadableStream({
    start(controller) {
      send = text => (text === '' ? controller.close() : controller.enqueue(Buffer.from(text)))
    },
  })
  send('a')
  const response = await ask('/', { method: 'POST', body, duplex: 'half' } as RequestInit)
  const reader = response.body?.getReader()
  t.equal(
    Buffer.from((await reader?.read())?.value ?? []).toString(),
    'a',
    'the first piece is back before the last is sent',
  )
  send('b')
  t.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'b')
  send('')
  t.equal((await reader?.read())?.done, true)
})

t.test('requests and responses are what they say', async t => {
  const { ask, at } = await served(async request => {
    const copy = request.clone()
    return Response.json({
      is: request instanceof Request,
      url: request.url,
      method: request.method,
      text: await copy.text(),
      again: await request.text(),
      aborted: request.signal.aborted,
    })
  }, {})
  const answer = await (await ask('/a?b', { method: 'PUT', body: 'text' })).json()
  t.same(answer, { is: true, url: `${at}/a?b`, method: 'PUT', text: 'text', again: 'text', aborted: false })
})

t.test('a light response behaves as the real one does', async t => {
  const Light = globalThis.Response
  t.not(Light, RealResponse)
  const make: ((Kind: typeof Response) => Response)[] = [
    Kind => new Kind('a'),
    Kind => new Kind(null, { status: 204 }),
    Kind => new Kind('a', { status: 201, statusText: 'Made', headers: { 'X-A': 'b' } }),
    Kind => new Kind(new Uint8Array([97])),
    Kind => new Kind('a', { headers: new Headers({ 'content-type': 'x/y' }) }),
    Kind => new Kind(new URLSearchParams({ a: 'b' })),
    Kind => Kind.json({ a: 1 }),
    Kind => Kind.redirect('http://a/', 302),
    Kind => new Kind(new Blob(['a'], { type: 'x/y' })).clone(),
  ]
  for (const each of make) {
    const [light, real] = [each(Light), each(RealResponse)]
    for (const response of [light, real]) t.ok(response instanceof Light && response instanceof RealResponse)
    const looks = async (response: Response) => ({
      status: response.status,
      ok: response.ok,
      statusText: response.statusText,
      type: response.type,
      headers: [...response.headers],
      body: await response.text(),
      used: response.bodyUsed,
    })
    t.same(await looks(light), await looks(real), each.toString())
  }
  for (const wrong of [
    () => new Light('a', { status: 204 }),
    () => new Light('', { status: 99 }),
    () => new Light('', { headers: { 'a b': 'c' } }).headers,
  ]) {
    t.throws(wrong)
  }
})

t.test('a function is needed, and a Response', async t => {
  t.throws(() => fetchHandler('app' as never), { code: 'ERR_OPTION' })
})
