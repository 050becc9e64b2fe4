import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { http } from 'revio/http'
import { simulate } from 'revio/testing'

/** What a server saw. */
export interface Seen {
  readonly requests: readonly string[]
  /** It refused something, or closed. */
  readonly refused: boolean
}

function line(method: string | undefined, target: string | undefined, fields: number, body: Buffer): string {
  return `${method} ${target} ${fields} ${body.toString('latin1')}`
}

export function readWithRevio(pieces: readonly Buffer[]): Seen {
  const requests: string[] = []
  const simulation = simulate(
    http({
      request(_id, req) {
        requests.push(line(req.method, req.target, req.headers.raw.length, req.body))
        return [{}]
      },
    }),
  )
  const peer = simulation.connect()
  for (const piece of pieces) if (!peer.ended && peer.error === undefined) peer.send(piece)
  return { requests, refused: peer.ended || peer.error !== undefined }
}

/**
 * node:http reads from memory, one input at a time. It gets single bytes: malformed input after a request in the same
 * piece makes it forget the request as well.
 */
export class NodeReader {
  readonly #server: Server
  #requests: string[] = []

  constructor() {
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      const pieces: Buffer[] = []
      request.on('data', piece => pieces.push(piece))
      request.on('end', () => {
        this.#requests.push(line(request.method, request.url, fieldsOf(request), Buffer.concat(pieces)))
        response.end()
      })
      request.on('error', () => {})
    })
  }

  async read(bytes: Buffer): Promise<Seen> {
    this.#requests = []
    const wire = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() })
    wire.on('error', () => {})
    this.#server.emit('connection', wire)
    for (const byte of bytes) {
      if (wire.destroyed) break
      wire.push(Buffer.of(byte))
      await turn()
    }
    for (let count = 0; count < 5; count++) await turn()
    const refused = wire.destroyed || wire.writableEnded
    wire.destroy()
    return { requests: this.#requests, refused }
  }
}

function fieldsOf(request: IncomingMessage): number {
  return request.rawHeaders.length / 2
}
