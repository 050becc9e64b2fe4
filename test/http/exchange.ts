import { type HttpHandlers, type HttpOptions, http } from 'revio/http'
import { type Peer, type Simulation, simulate } from 'revio/testing'

/** A response, as a client parses it. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** HTTP handlers in a simulation, with one peer. */
export interface World {
  readonly simulation: Simulation
  readonly peer: Peer
}

export function world<Context = undefined>(
  handlers: HttpHandlers<Context>,
  options: HttpOptions = {},
): World {
  const simulation = simulate(http(handlers, options), { failures: 'collect' })
  return { simulation, peer: simulation.connect() }
}

/** Sends pieces, each in a separate turn. */
export function sendEach(peer: Peer, pieces: readonly (string | Uint8Array)[]): void {
  for (const piece of pieces) if (piece.length > 0) peer.send(piece)
}

/**
 * Parses a server's output: complete responses, one after another. Throws for anything else.
 *
 * @param methods - The requests' methods, in order; a response to HEAD has no body. Default: none is HEAD.
 */
export function answersIn(text: string, methods: readonly string[] = []): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at < text.length; ) {
    const { answer, end } = answerAt(text, at, methods[answers.filter(({ status }) => status > 199).length])
    answers.push(answer)
    at = end
  }
  return answers
}

function answerAt(text: string, at: number, method = 'GET'): { answer: Answer; end: number } {
  const end = text.indexOf('\r\n\r\n', at)
  const [line = '', ...fields] = text.slice(at, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Za-z' -]+$/.exec(line)?.[1])
  if (end < 0 || Number.isNaN(status))
    throw new Error(`no response: ${JSON.stringify(text.slice(at, at + 200))}`)
  const headers = Object.fromEntries(
    fields.map(field => {
      const [, name = 'malformed', value = field] = /^([\w-]+): (.*)$/.exec(field) ?? []
      return [name.toLowerCase(), value]
    }),
  )
  const from = end + 4
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
    return { answer: { status, headers, body: '' }, end: from }
  }
  if (headers['transfer-encoding'] === 'chunked') return chunkedAt(text, from, { status, headers })
  const length = Number(headers['content-length'] ?? text.length - from)
  if (text.length < from + length) throw new Error(`a body of ${length} bytes is not whole`)
  return { answer: { status, headers, body: text.slice(from, from + length) }, end: from + length }
}

function chunkedAt(text: string, from: number, head: Omit<Answer, 'body'>): { answer: Answer; end: number } {
  let body = ''
  for (let at = from; ; ) {
    const line = /^([\da-f]+)\r\n/.exec(text.slice(at, at + 20))
    if (line === null) throw new Error(`no chunk: ${JSON.stringify(text.slice(at, at + 40))}`)
    const size = Number.parseInt(line[1] ?? '', 16)
    at += line[0].length
    if (size === 0) {
      const end = text.startsWith('\r\n', at) ? at + 2 : text.indexOf('\r\n\r\n', at) + 4
      return { answer: { ...head, body }, end }
    }
    body += text.slice(at, at + size)
    if (text.slice(at + size, at + size + 2) !== '\r\n') throw new Error('a chunk is not ended')
    at += size + 2
  }
}
