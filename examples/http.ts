import { Action, type Chunk, type Events, InputStream } from 'revio'
import { run } from './program.js'

/** A request's head that is longer is refused. */
const MAX_HEAD = 16 * 1024

const END_OF_HEAD = '\r\n\r\n'

const HELLO = response('200 OK', 'hello world\n')
const LAST_HELLO = response('200 OK', 'hello world\n', 'close')
const BAD_REQUEST = response('400 Bad Request', 'this is no HTTP request that this example knows\n', 'close')
const TOO_LARGE = response(
  '431 Request Header Fields Too Large',
  'the head of the request is too long\n',
  'close',
)

/** Answers GET and HEAD without a body, one after the other, in whatever pieces they come. */
const hello: Events<InputStream> = {
  opened: () => [null, { context: new InputStream(), reuseInputBuffer: true, idleTimeout: 60_000 }],

  data(_id, input, stream) {
    const bytes = stream.begin(input)
    const out: Chunk[] = []
    let at = 0
    let end = bytes.indexOf(END_OF_HEAD)
    while (end >= 0) {
      const { answer, last } = respond(bytes.toString('latin1', at, end))
      out.push(answer)
      if (last) return [out, Action.Close]
      at = end + END_OF_HEAD.length
      end = bytes.indexOf(END_OF_HEAD, at)
    }
    if (bytes.length - at > MAX_HEAD) return [[...out, TOO_LARGE], Action.Close]
    stream.end(bytes.subarray(at))
    return [out]
  },
}

function respond(head: string): { answer: string; last: boolean } {
  const [, method, version] = /^(GET|HEAD) [^ ]+ HTTP\/1\.([01])(?:\r\n|$)/.exec(head) ?? []
  const hasBody = /\r\n(content-length: *[1-9]|transfer-encoding:)/i.test(head)
  if (method === undefined || hasBody) return { answer: BAD_REQUEST, last: true }
  const connection = /\r\nconnection: *([a-z-]+)/i.exec(head)?.[1]?.toLowerCase()
  const last = connection === 'close' || (version === '0' && connection !== 'keep-alive')
  const answer = last ? LAST_HELLO : HELLO
  return { answer: method === 'HEAD' ? headOf(answer) : answer, last }
}

function headOf(answer: string): string {
  return answer.slice(0, answer.indexOf(END_OF_HEAD) + END_OF_HEAD.length)
}

function response(status: string, body: string, connection = 'keep-alive'): string {
  const length = Buffer.byteLength(body)
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain',
    `Content-Length: ${length}`,
    `Connection: ${connection}`,
  ]
  return `${head.join('\r\n')}${END_OF_HEAD}${body}`
}

await run({
  command: 'npm run http',
  about: 'Answers every GET with "hello world".',
  port: 8080,
  hint: ({ host, port, path }) =>
    path ? `curl --unix-socket ${path} http://localhost/` : `curl http://${host}:${port}/`,
  events: hello,
})
