import { Buffer } from 'node:buffer'
import { RevioError } from '../errors.js'
import type { Chunk, Out, Server } from '../events.js'
import { show } from '../show.js'
import type { DateLine } from './date-line.js'
import { Fields, trailerLines } from './fields.js'
import { CHUNKED, HeadWriter, statusLine, UNFRAMED } from './head-writer.js'
import type { HttpResponse } from './message.js'
import { abandon, bodyOf, isStreamed, releaseChunks, type Streamed } from './outgoing-body.js'

/** What remains of a response once its head, and a complete body, are written. */
export interface Written {
  /** The connection closes after it. */
  readonly closes: boolean
  /** A body that is still to be read and sent. */
  readonly rest: Rest | undefined
}

/** A body that is still to be sent. */
export interface Rest {
  readonly body: Streamed
  /** The announced length, if any. */
  readonly size: number | undefined
  readonly chunked: boolean
  readonly trailers: HttpResponse['trailers']
}

/** The properties of a request that its response depends on. */
export interface Asked {
  readonly method: string
  /** The minor version of HTTP/1. */
  readonly minor: number
}

/** Tells a waiting peer to send its body. */
export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** Responses with longer bodies are not cached. */
const SHORT = 4096

/** The most text to collect before it is passed to the loop. */
const LONG = 256 * 1024

const NOTHING = Buffer.alloc(0)
const CLOSES: Written = { closes: true, rest: undefined }
const STAYS: Written = { closes: false, rest: undefined }

/**
 * Writes responses. Collects the responses of one turn, as a single string if possible, so that they need one write
 * and cost little more than their bytes.
 */
export class Writer {
  readonly #fields = new Fields()
  readonly #trailers = new Fields()
  readonly #heads: HeadWriter
  /** The connection whose output is collected: whatever is collected is its own. */
  #holder = 0
  #text = ''
  #chunks: Chunk[] = []
  #body = ''
  #bodySize = 0
  #lastHead = ''
  #lastBody = ''
  /** A repeated response as text, and its bytes. */
  #joined = ''
  #joinedBytes = NOTHING

  constructor(dates: DateLine) {
    this.#heads = new HeadWriter(dates)
  }

  /**
   * From now on collects output of the connection `id`. What another one has left goes to it first: passing output to
   * the loop outside of a turn runs handlers, and these may write, too.
   */
  begin(id: number, server: Server): void {
    while (this.#holder !== id) {
      if (this.#text === '' && this.#chunks.length === 0) this.#holder = id
      else this.flush(server)
    }
  }

  /** Returns the output collected for the connection `id` and clears it. */
  take(id: number): Out {
    return id === this.#holder ? this.#take() : ''
  }

  #take(): Out {
    const text = this.#text
    this.#text = ''
    if (this.#chunks.length === 0) return text !== '' && text === this.#joined ? this.#joinedBytes : text
    const chunks = this.#chunks
    this.#chunks = []
    if (text !== '') chunks.push(text)
    return chunks
  }

  /** Sends the collected output to its connection. */
  flush(server: Server): void {
    const out = this.#take()
    if (out !== '') server.send(this.#holder, out)
  }

  /**
   * Collected output refers to the program's memory, which it may reuse when the next handler runs; or the limit is
   * reached.
   */
  get full(): boolean {
    return this.#chunks.length > 0 || this.#text.length > LONG
  }

  /**
   * Writes a response as far as it is available.
   *
   * @param closing - The connection closes after it in any case.
   * @throws `ERR_REPLY`, with nothing written.
   */
  respond(request: Asked, response: HttpResponse, closing: boolean, now: number): Written {
    const { body = null, trailers } = response
    const status = checkStatus(response)
    const fields = this.#fields
    fields.read(response.headers)
    const closes = closing || fields.close
    if (typeof body !== 'string' || trailers !== undefined || hasNoContent(status)) {
      return this.#other(request, response, status, closes, now)
    }
    const size = body === this.#body ? this.#bodySize : this.#measure(body)
    if (fields.length !== undefined && fields.length !== size && request.method !== 'HEAD')
      throw mismatch(fields, size)
    const length = request.method === 'HEAD' ? (fields.length ?? size) : size
    const head = this.#makeHead(request, status, length, closes, now)
    if (request.method === 'HEAD' || fields.binary) {
      this.#add(head)
      if (request.method !== 'HEAD') this.#text += body
    } else this.#text += body.length > SHORT ? head + body : this.#whole(head, body)
    return closes ? CLOSES : STAYS
  }

  /** Tells a waiting peer to send its body. */
  goOn(): void {
    this.#text += CONTINUE
  }

  /** Writes the response before an upgrade. @throws `ERR_REPLY`. */
  switch(response: HttpResponse): void {
    const { status = 101, headers, body } = response
    const fields = this.#fields
    fields.read(headers)
    const taken = status === 101 || (status >= 200 && status <= 299)
    if (!Number.isInteger(status) || !taken || (body !== undefined && body !== null && body !== '')) {
      throw new RevioError(
        'ERR_REPLY',
        'http: expected a response with status 101 or 2xx and no body before an upgrade',
      )
    }
    const connection = fields.connection === '' ? '' : `Connection: ${fields.connection}\r\n`
    this.#add(`${statusLine(status)}${fields.lines.slice(0, fields.count).join('')}${connection}\r\n`)
  }

  /** The end of a chunked body. */
  trailers(trailers: HttpResponse['trailers']): string {
    if (trailers === undefined) return '0\r\n\r\n'
    return `0\r\n${trailerLines(this.#trailers, typeof trailers === 'function' ? trailers() : trailers)}\r\n`
  }

  /** Writes bodies other than strings, and statuses without a body. */
  #other(request: Asked, response: HttpResponse, status: number, closes: boolean, now: number): Written {
    const { body = null, trailers } = response
    const fields = this.#fields
    const content = body === null || typeof body === 'string' ? { chunks: body ?? '', size: 0 } : bodyOf(body)
    const none = hasNoContent(status)
    const sends = request.method !== 'HEAD' && !none
    const known = typeof body === 'string' ? this.#measure(body) : content.size
    if (sends && fields.length !== undefined && known !== undefined && fields.length !== known) {
      throw mismatch(fields, known)
    }
    const chunks =
      request.minor === 1 && (trailers !== undefined || (known === undefined && fields.length === undefined))
    let framing = chunks ? CHUNKED : (fields.length ?? known ?? UNFRAMED)
    if (status === 205) framing = 0
    else if (none) framing = status === 304 && fields.length !== undefined ? fields.length : UNFRAMED
    // How long the content of a GET would be is unknown.
    else if (body === null && request.method === 'HEAD') framing = fields.length ?? UNFRAMED
    // Before anything is written, because it may throw.
    const tail = chunks && sends && !isStreamed(content) ? this.trailers(trailers) : ''
    // An unframed body ends with the connection, for a peer that does not support chunks.
    const last = closes || (sends && framing === UNFRAMED)
    this.#add(this.#makeHead(request, status, framing, last, now))
    if (!sends) {
      if (isStreamed(content)) abandon(content.source)
      else releaseChunks(content.chunks)
      return last ? CLOSES : STAYS
    }
    const size = framing === UNFRAMED || chunks ? undefined : framing
    if (isStreamed(content)) return { closes: last, rest: { body: content, size, chunked: chunks, trailers } }
    if (chunks) this.#chunked(content.chunks, known ?? 0, tail)
    else this.#pieces(content.chunks)
    return last ? CLOSES : STAYS
  }

  #chunked(chunks: string | Chunk[], size: number, tail: string): void {
    if (size > 0) {
      this.#text += `${size.toString(16)}\r\n`
      this.#pieces(chunks)
      this.#text += '\r\n'
    }
    this.#text += tail
  }

  #pieces(chunks: string | Chunk[]): void {
    if (typeof chunks === 'string') this.#text += chunks
    else
      for (const chunk of chunks)
        if (typeof chunk === 'string') this.#text += chunk
        else this.#bytes(chunk)
  }

  #bytes(bytes: Exclude<Chunk, string>): void {
    if (this.#text !== '') this.#chunks.push(this.#text)
    this.#text = ''
    this.#chunks.push(bytes)
  }

  /** Caches a repeated response: as one flat text, and as bytes, which need no encoding if nothing else goes with them. */
  #whole(head: string, body: string): string {
    if (head === this.#lastHead && body === this.#lastBody) {
      if (this.#joined === '') {
        this.#joinedBytes = Buffer.from(head + body)
        this.#joined = this.#joinedBytes.toString()
      }
      return this.#joined
    }
    this.#lastHead = head
    this.#lastBody = body
    this.#joined = ''
    return head + body
  }

  #makeHead(request: Asked, status: number, framing: number, closes: boolean, now: number): string {
    const fields = this.#fields
    let { connection } = fields
    if (closes) connection = connection === '' ? 'close' : `${connection}, close`
    else if (request.minor === 0) connection = connection === '' ? 'keep-alive' : `${connection}, keep-alive`
    return this.#heads.write(status, fields, framing, connection, now)
  }

  /** Fields are latin1; the rest of the collected text is UTF-8. */
  #add(head: string): void {
    if (this.#fields.binary) this.#bytes(Buffer.from(head, 'latin1'))
    else this.#text += head
  }

  #measure(body: string): number {
    this.#body = body
    this.#bodySize = Buffer.byteLength(body)
    return this.#bodySize
  }
}

function hasNoContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

function checkStatus(response: HttpResponse): number {
  if (typeof response !== 'object' || response === null) {
    throw new RevioError(
      'ERR_REPLY',
      `http: expected [response, action, token] with an object as the response`,
    )
  }
  const { status = 200 } = response
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status
  throw new RevioError('ERR_REPLY', `http: expected a status from 200 to 599; received ${show(status)}`)
}

function mismatch({ length }: Fields, size: number): RevioError {
  return new RevioError('ERR_REPLY', `http: content-length is ${length}, but the body has ${size} bytes`)
}
