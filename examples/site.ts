import { type Http, HttpError, type HttpHandlers, type HttpReply, type HttpRequest, http } from 'revio/http'
import { websocket } from 'revio/websocket'

const PLAIN = { 'Content-Type': 'text/plain' }
const HELLO: HttpReply = [{ headers: PLAIN, body: 'hello world\n' }]

const MEBIBYTE = 1024 * 1024

type Handler = (req: HttpRequest) => HttpReply | Promise<HttpReply>

/** The responses of the example, by path and method. */
const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/': { GET: () => HELLO },
  '/echo': {
    POST: req => [
      {
        headers: { 'Content-Type': req.headers.get('content-type') ?? 'application/octet-stream' },
        body: req.body,
      },
    ],
  },
  '/slow': {
    GET: async req => {
      await new Promise(resolve => setTimeout(resolve, number(req, 'ms', 60_000)))
      return [{ headers: PLAIN, body: 'slow\n' }]
    },
  },
  '/stream': {
    GET: req => [
      { headers: PLAIN, body: chunks(number(req, 'chunks', 1_000_000), number(req, 'size', MEBIBYTE)) },
    ],
  },
  '/ws': {
    GET: () => [
      {
        status: 426,
        headers: { ...PLAIN, Connection: 'Upgrade', Upgrade: 'websocket' },
        body: 'Upgrade Required\n',
      },
    ],
  },
  '/headers': {
    GET: req => [
      { headers: { 'Content-Type': 'application/json' }, body: `${JSON.stringify(req.headers, null, 2)}\n` },
    ],
  },
}

/** The handlers of the `http` example; /ws echoes WebSocket messages. */
export function site(): Http {
  const echo = websocket({ message: (_id, data) => [data] })
  const handlers: HttpHandlers = {
    request: (_id, req) => answer(req),
    expect(_id, req) {
      const found = find(req)
      return typeof found === 'function' ? undefined : found
    },
    upgrade: (id, req) => (req.path === '/ws' ? echo(id, req) : answer(req)),
  }
  return http(handlers, { maxBody: 10 * MEBIBYTE })
}

function answer(req: HttpRequest): HttpReply | Promise<HttpReply> {
  const found = find(req)
  return typeof found === 'function' ? found(req) : found
}

/** The handler of a request, or the error that there is none. */
function find({ method, path }: HttpRequest): Handler | HttpReply {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (route === undefined) throw new HttpError(404)
  // HEAD is handled as GET; only the head of the response is sent.
  const name = method === 'HEAD' ? 'GET' : method
  const handler = Object.hasOwn(route, name) ? route[name] : undefined
  if (handler !== undefined) return handler
  const allow = Object.keys(route).flatMap(known => (known === 'GET' ? ['GET', 'HEAD'] : [known]))
  return [{ status: 405, headers: { ...PLAIN, Allow: allow.join(', ') }, body: 'Method Not Allowed\n' }]
}

async function* chunks(count: number, size: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(size, 97 + (index % 26))
}

/** Parses a whole number in the query. */
function number(req: HttpRequest, name: string, most: number): number {
  const text = req.query.get(name) ?? '1'
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= most) return value
  throw new HttpError(400, `${name}: expected a whole number from 0 to ${most}`)
}
