import type { Buffer } from 'node:buffer'
import * as net from 'node:net'
import type { ClientRow, Fate } from '../messages.js'
import { firstWrong, pieces } from '../pattern.js'
import { encodeHeader, type Header, type Place } from '../wire.js'

export interface PeerOptions {
  readonly place: Place
  readonly header: Header
  readonly behaviour: string
  readonly violated: (text: string) => void
  /** The source address of a TCP connection; absent: any. */
  readonly localAddress?: string
}

/**
 * The client's side of a connection: identifies itself, sends its stream, and checks every byte that returns. Uses
 * only node:net: no part of revio judges revio.
 */
export class Peer {
  sent = 0
  received = 0
  /** The server's end has arrived. */
  ended = false
  /** Set when the connection is over. */
  fate: Fate | undefined
  /** Everything sent must return, and the connection must end in order. */
  whole = false
  /** Bytes requested from the server. Whether it had to give up some of them is known only from both sides. */
  asked: number | undefined
  /** Keeps sending after the server's end has arrived. */
  talksOn = false
  code = ''
  /** The time of the last event. */
  touched = performance.now()
  readonly #options: PeerOptions
  readonly #socket: net.Socket
  #connected = false
  #left = false
  #finished = false
  /** Those that wait for a condition. */
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = []

  constructor(options: PeerOptions) {
    const { place, localAddress = '127.0.0.1' } = options
    this.#options = options
    const where =
      place.path === '' ? { port: place.port, host: '127.0.0.1', localAddress } : { path: place.path }
    this.#socket = net.connect({ ...where, allowHalfOpen: true, noDelay: true })
    this.#socket.on('connect', () => {
      this.#connected = true
      this.#changed()
    })
    this.#socket.on('data', chunk => this.#heard(chunk as Buffer))
    this.#socket.on('drain', () => this.#changed())
    this.#socket.on('end', () => {
      this.ended = true
      if (!this.talksOn) this.#socket.end()
      this.#changed()
    })
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.code = error.code ?? error.message
    })
    this.#socket.on('close', () => this.#over())
  }

  get isOver(): boolean {
    return this.fate !== undefined
  }

  /** Bytes passed to the socket that have not left this process. */
  get unsent(): number {
    return this.#socket.writableLength
  }

  /** Its report; its process was `late` by this many milliseconds in the meantime. */
  row(late: number): ClientRow {
    const { header, behaviour } = this.#options
    const { sent, received, fate = 'left', whole, code, asked } = this
    const row = [header.key, behaviour, sent, received, fate, whole, code, Math.round(late)] as const
    return asked === undefined ? row : [...row, asked]
  }

  /** Sends its identity and the requested mode; byte by byte if requested. */
  introduce(from = 0, to = Number.POSITIVE_INFINITY): void {
    this.#write(encodeHeader(this.#options.header).subarray(from, to))
  }

  /** Sends the next bytes of the stream. */
  send(size: number): void {
    if (this.isOver || (this.ended && !this.talksOn)) return
    for (const piece of pieces(this.#options.header.key, this.sent, size)) this.#write(piece)
    this.sent += size
  }

  /** Ends its side. What has been sent is still to be answered. */
  finish(): void {
    this.#finished = true
    this.#socket.end()
  }

  /**
   * Breaks the connection: over TCP with a reset. If it has ended its side, it closes instead, because node:net can't
   * reset a socket that is shutting down; with unread input, the OS sends a reset anyway.
   */
  reset(): void {
    if (this.isOver) return
    this.#left = true
    const canReset = this.#connected && !this.#finished && !this.ended && this.#options.place.path === ''
    if (canReset) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  stopReading(): void {
    this.#socket.pause()
  }

  goOn(): void {
    this.#socket.resume()
  }

  /** Resolves when the condition is true, or can't become true any more. */
  until(condition: () => boolean): Promise<void> {
    const holds = () => this.isOver || condition()
    if (holds()) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ holds, resolve }))
  }

  connected(): Promise<void> {
    return this.until(() => this.#connected)
  }

  /** Resolves when everything sent has returned, or the connection is over. */
  echoed(): Promise<void> {
    return this.until(() => this.received >= this.sent)
  }

  over(): Promise<void> {
    return this.until(() => false)
  }

  violated(text: string): void {
    const { header, behaviour, place } = this.#options
    const state = `sent ${this.sent}, received ${this.received}`
    this.#options.violated(
      `client, ${behaviour} (${place.door}, ${header.mode}, key ${header.key}, ${state}): ${text}`,
    )
  }

  #write(bytes: Buffer): void {
    this.touched = performance.now()
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  #heard(chunk: Buffer): void {
    const wrong = firstWrong(chunk, this.#options.header.key, this.received)
    if (wrong >= 0) {
      this.violated(`byte ${this.received + wrong} that came back is not the stream's`)
      return this.reset()
    }
    this.received += chunk.length
    this.#changed()
  }

  #over(): void {
    if (this.ended) this.fate = 'ended'
    else if (this.#left) this.fate = 'left'
    else this.fate = this.#connected ? 'reset' : 'refused'
    this.#changed()
  }

  #changed(): void {
    this.touched = performance.now()
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const waiter of waiting) {
      if (waiter.holds()) waiter.resolve()
      else this.#waiting.push(waiter)
    }
  }
}
