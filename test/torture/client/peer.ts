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
  /** Where a TCP connection comes from; without: wherever the system likes. */
  readonly localAddress?: string
}

/**
 * One connection from the client's side: it says who it is, sends its stream, and checks every byte that comes back.
 * It is node:net alone; nothing of revio's judges revio.
 */
export class Peer {
  sent = 0
  received = 0
  /** The server's end has come. */
  ended = false
  /** Set when the connection is over. */
  fate: Fate | undefined
  /** All that is sent must come back, and the connection must end in order. */
  whole = false
  /** Bytes that the server was asked for. Whether it had to give up some of them is only known on both sides. */
  asked: number | undefined
  /** Goes on sending when the server's end has come. */
  talksOn = false
  code = ''
  /** When something happened last. */
  touched = performance.now()
  readonly #options: PeerOptions
  readonly #socket: net.Socket
  #connected = false
  #left = false
  #finished = false
  /** Those that wait for something to have become true. */
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

  /** What has been handed over and has not left this process. */
  get unsent(): number {
    return this.#socket.writableLength
  }

  /** What is known of it; its process was `late` by so many milliseconds in the meantime. */
  row(late: number): ClientRow {
    const { header, behaviour } = this.#options
    const { sent, received, fate = 'left', whole, code, asked } = this
    const row = [header.key, behaviour, sent, received, fate, whole, code, Math.round(late)] as const
    return asked === undefined ? row : [...row, asked]
  }

  /** Says who it is, and how it wants to be treated; byte by byte where that is wanted. */
  introduce(from = 0, to = Number.POSITIVE_INFINITY): void {
    this.#write(encodeHeader(this.#options.header).subarray(from, to))
  }

  /** Sends the next bytes of the stream. */
  send(size: number): void {
    if (this.isOver || (this.ended && !this.talksOn)) return
    for (const piece of pieces(this.#options.header.key, this.sent, size)) this.#write(piece)
    this.sent += size
  }

  /** Says that nothing more is sent. What has been sent is still to be answered. */
  finish(): void {
    this.#finished = true
    this.#socket.end()
  }

  /**
   * Breaks the connection: over TCP with a reset. One that has said that it finished is closed, as node:net cannot
   * reset what is still shutting down: with input that was not read the system makes that a reset, too.
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

  /** Settles when the condition holds, or when there is nothing more to wait for. */
  until(condition: () => boolean): Promise<void> {
    const holds = () => this.isOver || condition()
    if (holds()) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ holds, resolve }))
  }

  connected(): Promise<void> {
    return this.until(() => this.#connected)
  }

  /** Settles when all that was sent has come back, or the connection is over. */
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
