import { Buffer } from 'node:buffer'
import {
  bodyTooLong,
  examine,
  examinePart,
  examineTrailers,
  type Facts,
  headTooLong,
  malformed,
  tooManyFields,
} from './examine.js'
import { Head } from './head.js'
import { HttpError } from './http-error.js'
import { type BodyOwner, IncomingBody } from './incoming-body.js'
import { IncomingRequest } from './incoming-request.js'
import { InputText } from './input-text.js'
import { latin1 } from './latin1.js'
import type { Limits } from './limits.js'
import * as llhttp from './llhttp.js'
import { METHODS } from './methods.js'
import { RequestHead } from './request-head.js'

const EMPTY = Buffer.alloc(0)
/** Longer heads are not cached. */
const LONGEST = 4 * 1024
const CONNECT = METHODS.indexOf('CONNECT')

/** A connection, as its parser uses it. */
export interface ParserOwner extends BodyOwner {
  readonly limits: Limits
  /** The program handles upgrade requests. */
  readonly upgrades: boolean
}

/**
 * Turns bytes into requests. llhttp finds the parts of a message; this class stores their offsets and enforces the
 * limits.
 */
export class Parser implements llhttp.Callbacks {
  readonly #machine = llhttp.llhttp()
  readonly #pointer = this.#machine.alloc()
  readonly #head = new Head()
  readonly #facts: Facts = { minor: 1, expects: false, length: 0, chunked: false, closes: false, end: 0 }
  #owner: ParserOwner
  /** Requests to dispatch: complete ones, or heads if bodies are streamed. */
  readonly ready: IncomingRequest[] = []
  /** Why the input can't be parsed any further. */
  refusal: HttpError | undefined
  /** The request whose body is arriving. */
  #request: IncomingRequest | undefined
  /** The request whose chunked body has just ended. */
  #last: IncomingRequest | undefined
  /** The beginning of an incomplete head, and how much of the block it fills. */
  #kept: Buffer = EMPTY
  #keptLength = 0
  #input: Buffer = EMPTY
  /** Where llhttp's offsets begin in the input, and where the current message does. */
  #from = 0
  #start = 0
  /** Bytes since the last byte of a chunked body: chunk sizes, extensions, trailers. */
  #overhead = 0
  #bodyEnd = 0
  /** llhttp is not in its initial state. */
  #dirty = false
  /** No message may follow, although llhttp does not know that. */
  #over = false
  /** The last head that may be repeated. */
  #known: RequestHead | undefined
  readonly #text = new InputText()

  constructor(owner: ParserOwner) {
    this.#owner = owner
  }

  /** No part of a message has arrived, so the parser can serve another connection. */
  get idle(): boolean {
    return this.#request === undefined && this.#keptLength === 0
  }

  get inHead(): boolean {
    return this.#keptLength > 0
  }

  get receiving(): IncomingRequest | undefined {
    return this.#request
  }

  adopt(owner: ParserOwner): void {
    this.#owner = owner
  }

  release(): void {
    this.#input = EMPTY
    this.#head.bytes = EMPTY
    this.#text.close()
    // Requests that were not served, because a handler threw, must not reach the next connection.
    if (this.ready.length > 0) this.ready.length = 0
    if (!this.#dirty && this.idle && this.refusal === undefined) return
    this.#dirty = false
    this.#over = false
    this.#machine.reset(this.#pointer)
    this.#head.reset()
    this.refusal = undefined
    this.#request = undefined
    this.#kept = EMPTY
    this.#keptLength = 0
  }

  /**
   * Parses from `from` until `ready` is full. Returns where it stopped: before the end of the input if no more
   * requests may be parsed ahead, after a request for another protocol, or where `refusal` applies.
   */
  feed(input: Buffer, from: number): number {
    let at = this.#over ? input.length : from
    this.#text.close()
    while (at < input.length && this.refusal === undefined) {
      if (this.idle) {
        at = this.#repeat(input, at)
        if (at === input.length || this.#full) return at
      }
      const end = Math.min(input.length, at + llhttp.BLOCK)
      const stopped = this.#execute(input, at, end)
      if (stopped < end) return stopped
      at = stopped
    }
    return at
  }

  /**
   * Clients often repeat a head byte for byte. It then has the same meaning, because at the beginning of a message
   * llhttp has no state that could change it.
   */
  #repeat(input: Buffer, from: number): number {
    let at = from
    this.#text.open(input, at)
    const head = this.#known
    if (head === undefined) return at
    const { text } = head
    while (this.#text.has(text, at)) {
      this.ready.push(new IncomingRequest(head, undefined))
      at += text.length
      if (this.#full) break
      if (this.#text.ends(at + text.length)) this.#text.open(input, at)
    }
    return at
  }

  /** No more requests may be parsed ahead. */
  get #full(): boolean {
    const { bodies, maxPipelined } = this.#owner.limits
    return this.ready.length >= (bodies === 'stream' ? 1 : maxPipelined)
  }

  #makeHead(method: number, keepAlive: boolean, upgrade: boolean): RequestHead {
    const head = this.#head
    const { minor, end } = this.#facts
    const text = this.#text.cut(head.bytes, head.start, end)
    const target = { start: head.urlStart - head.start, end: head.urlEnd - head.start }
    return new RequestHead(METHODS[method] ?? '', text, target, { minor, keepAlive, upgrade })
  }

  /** Caches the head of a request without a body and without empty lines before it. */
  #remember(head: RequestHead): void {
    if (head.text.length <= LONGEST && head.text.startsWith(head.method)) this.#known = head
  }

  /** Continues after a request for another protocol that was declined. */
  declineUpgrade(): void {
    this.#machine.resumeAfterUpgrade(this.#pointer)
  }

  #execute(input: Buffer, from: number, end: number): number {
    const chunk = from === 0 && end === input.length ? input : input.subarray(from, end)
    this.#input = input
    this.#from = from
    this.#bodyEnd = from
    if (this.#request === undefined) this.#goOnWithHead(chunk)
    const result = this.#machine.execute(this.#pointer, chunk, this)
    if (result === llhttp.OK) {
      this.#keepRest(end)
      return end
    }
    return this.#stopped(result, end)
  }

  #goOnWithHead(chunk: Buffer): void {
    const head = this.#head
    if (this.#keptLength === 0) return this.#beginMessage(this.#from)
    head.origin = this.#keptLength
    // Bytes beyond the limit are never parsed.
    this.#keep(chunk.subarray(0, Math.max(0, this.#owner.limits.maxHead + 1 - this.#keptLength)))
    head.bytes = this.#kept.subarray(0, this.#keptLength)
    head.start = 0
  }

  /** A message begins at this offset of the input. */
  #beginMessage(start: number): void {
    const head = this.#head
    head.bytes = this.#input
    head.origin = this.#from
    head.start = start
    this.#start = start
  }

  #keep(bytes: Buffer): void {
    const length = this.#keptLength + bytes.length
    if (length > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#kept.length))
      this.#kept.copy(larger, 0, 0, this.#keptLength)
      this.#kept = larger
    }
    this.#kept.set(bytes, this.#keptLength)
    this.#keptLength = length
  }

  /** All input has been parsed: stores the incomplete part, within its limits. */
  #keepRest(end: number): void {
    const head = this.#head
    const { limits } = this.#owner
    if (this.#request !== undefined) return this.#spend(end - this.#bodyEnd)
    if (this.#keptLength === 0) {
      if (this.#start >= end) return
      this.#keep(this.#input.subarray(this.#start, end))
      head.rebase(this.#kept.subarray(0, this.#keptLength), this.#start)
      head.start = 0
    }
    this.refusal = examinePart(head, this.#keptLength, limits)
  }

  /** Counts bytes of a chunked message that are not body. */
  #spend(bytes: number): void {
    if (!this.#facts.chunked) return
    this.#overhead += bytes
    const { limits } = this.#owner
    if (this.#overhead <= limits.maxHead || this.refusal !== undefined) return
    const trailers = this.#request?.incoming?.trailers !== ''
    this.refusal = trailers
      ? headTooLong(limits)
      : new HttpError(413, `more than ${limits.maxHead} bytes stand between two bytes of a chunked body`)
  }

  #stopped(result: number, end: number): number {
    if (this.refusal !== undefined || result === llhttp.CLOSED) return end
    const position = this.#from + this.#machine.position(this.#pointer)
    if (result === llhttp.PAUSED) {
      this.#machine.resume(this.#pointer)
      this.#closeChunks(position)
      return position
    }
    if (result === llhttp.PAUSED_UPGRADE) {
      this.#closeChunks(position)
      if (!this.#owner.upgrades) this.declineUpgrade()
      return position
    }
    this.#dirty = true
    const reason = this.#machine.reason(this.#pointer)
    this.refusal = malformed(result, reason, this.#head, this.#request !== undefined)
    return end
  }

  /** How many bytes followed the last byte of a chunked body is known only when llhttp has paused after the message. */
  #closeChunks(position: number): void {
    const request = this.#last
    if (request === undefined) return
    this.#last = undefined
    this.#request = request
    this.#spend(position - this.#bodyEnd)
    this.#request = undefined
    if (this.refusal !== undefined && this.ready.at(-1) === request) this.ready.pop()
  }

  // What llhttp tells. //////////////////////////////////////////////////////////////////////////////////////////////

  url(start: number, end: number): void {
    this.#head.url(start, end)
  }

  field(start: number, end: number): void {
    const body = this.#request?.incoming
    if (body === undefined) return this.#head.field(start, end)
    if (body.trailerName(latin1(this.#input, start + this.#from, end + this.#from))) this.#head.count++
    const { limits } = this.#owner
    if (this.#head.count > limits.maxHeaders) this.refusal ??= tooManyFields(limits)
  }

  value(start: number, end: number): void {
    const body = this.#request?.incoming
    if (body === undefined) return this.#head.value(start, end)
    body.trailerValue(latin1(this.#input, start + this.#from, end + this.#from))
  }

  headersComplete(upgrade: boolean, keepAlive: boolean): number {
    const method = this.#machine.method(this.#pointer)
    const { limits, upgrades } = this.#owner
    const facts = this.#facts
    this.refusal = examine(this.#head, method, limits, facts)
    if (this.refusal === undefined && method === CONNECT && !upgrades) {
      this.refusal = new HttpError(501, 'CONNECT is not served here')
    }
    if (this.refusal !== undefined) return llhttp.STOP
    const head = this.#head
    const streams = limits.bodies === 'stream'
    const bodied = facts.chunked || facts.length > 0
    const body = bodied ? new IncomingBody(this.#owner, { expected: facts.expects, streams }) : undefined
    const wants = upgrade && upgrades
    const stays = keepAlive && !facts.closes
    const request = new IncomingRequest(this.#makeHead(method, stays, wants), body)
    this.#request = request
    if (!stays || upgrade) this.#dirty = true
    else if (!bodied) this.#remember(request.head)
    if (streams && !wants) this.ready.push(request)
    this.#bodyEnd = facts.end - head.origin + this.#from
    this.#overhead = 0
    this.#keptLength = 0
    this.#kept = EMPTY
    head.reset()
    return llhttp.OK
  }

  body(start: number, end: number): number {
    const incoming = this.#request?.incoming
    if (incoming === undefined) return llhttp.STOP
    this.#spend(start + this.#from - this.#bodyEnd)
    this.#overhead = 0
    this.#bodyEnd = end + this.#from
    const { limits } = this.#owner
    if (incoming.size + end - start > limits.maxBody) this.refusal ??= bodyTooLong(limits)
    if (this.refusal !== undefined) return llhttp.STOP
    incoming.push(Buffer.from(this.#input.subarray(start + this.#from, end + this.#from)))
    return llhttp.OK
  }

  messageComplete(): number {
    const request = this.#request
    if (request === undefined || this.refusal !== undefined) return llhttp.STOP
    const body = request.incoming
    if (body !== undefined) {
      if (body.trailers !== '') this.refusal = examineTrailers(body.trailers)
      if (this.refusal !== undefined) return llhttp.STOP
      body.end()
    }
    const streams = this.#owner.limits.bodies === 'stream'
    if (!streams || request.head.upgrade) this.ready.push(request)
    if (this.#facts.chunked) this.#last = request
    this.#request = undefined
    this.#head.reset()
    // Only a pause tells where a chunked message ends.
    this.#beginMessage(this.#bodyEnd)
    this.#over = this.#facts.closes
    const pauses = this.#facts.chunked || streams || this.#full || this.#over
    // llhttp pauses by itself after a request for another protocol.
    return pauses && !request.head.upgrade ? llhttp.PAUSED : llhttp.OK
  }
}
