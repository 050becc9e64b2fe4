import { Action, type Chunk, type Events, InputStream, RevioError } from 'revio'

/** A request's head that is longer is refused. */
const MAX_HEAD = 16 * 1024

const END_OF_HEAD = '\r\n\r\n'
const HEADS = { delimiter: END_OF_HEAD, maxLength: MAX_HEAD }

const HELLO = response('200 OK', 'hello world\n')
const LAST_HELLO = response('200 OK', 'hello world\n', 'close')
const BAD_REQUEST = response('400 Bad Request', 'this is no HTTP request that this example knows\n', 'close')
const TOO_LARGE = response(
  '431 Request Header Fields Too Large',
  'the head of the request is too long\n',
  'close',
)

/** Answers GET and HEAD without a body, one after the other, in whatever pieces they come. */
export const hello: Events<InputStream> = {
  opened: () => [null, { context: new InputStream(), reuseInputBuffer: true, idleTimeout: 60_000 }],

  data(_id, input, stream) {
    const out: Chunk[] = []
    try {
      for (const head of stream.lines(input, HEADS)) {
        const { answer, last } = respond(head.toString('latin1'))
        out.push(answer)
        if (last) return [out, Action.Close]
      }
    } catch (error) {
      if (!(error instanceof RevioError && error.code === 'ENOBUFS')) throw error
      return [[...out, TOO_LARGE], Action.Close]
    }
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
