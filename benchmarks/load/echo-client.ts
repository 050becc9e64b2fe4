import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Histogram } from '../histogram.js'
import { LONGEST, Pattern } from './pattern.js'
import type { Cipher } from './tls.js'

export interface EchoWork {
  readonly port: number
  /** Bytes of a message. */
  readonly size: number
  readonly connections: number
  /** Messages in flight on each connection. */
  readonly inFlight: number
  readonly seconds: number
  /** Uses TLS, and accepts any certificate. */
  readonly tls?: boolean
  /** The only cipher suite to offer; absent: Node's default. */
  readonly cipher?: Cipher
}

/** The result; times in seconds, `mismatches` in bytes. */
export interface EchoFigures {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly mismatches: number
}

/**
 * Load on an echo server without a compiler: does the same as load/echo-load.c, and replaces it. It is slower, so it
 * limits the requests per second sooner; but it has TLS.
 */
export class EchoClient {
  readonly #work: EchoWork
  readonly #pattern = new Pattern()
  readonly #latencies = new Histogram()
  readonly #peers: Peer[] = []
  #requests = 0
  #mismatches = 0
  #stopping = false
  #settle: { done: () => void; failed: (error: Error) => void } | undefined

  constructor(work: EchoWork) {
    this.#work = work
  }

  async connect(): Promise<void> {
    for (let i = 0; i < this.#work.connections; i++) {
      const socket = await this.#open()
      const peer = new Peer(socket, (i * 7919) % LONGEST, this.#work)
      socket.on('data', bytes => this.#take(peer, bytes))
      socket.on('error', error => this.#settle?.failed(error))
      socket.on('close', () => this.#settle?.failed(new Error('the server closed a connection')))
      this.#peers.push(peer)
    }
  }

  /** Sends for `seconds`, then waits for messages in flight. Rejects if the server closes or loses something. */
  async run(): Promise<EchoFigures> {
    const start = performance.now()
    await new Promise<void>((done, failed) => {
      this.#settle = { done, failed }
      setTimeout(() => {
        this.#stopping = true
        this.#finish()
        setTimeout(() => failed(new Error('the server did not answer everything within 5 s')), 5000).unref()
      }, this.#work.seconds * 1000)
      for (const peer of this.#peers) peer.begin(this.#work.inFlight, this.#pattern)
    }).finally(() => {
      this.#settle = undefined
    })
    const seconds = (performance.now() - start) / 1000
    const at = (share: number) => this.#latencies.percentile(share) / 1e6
    return { requests: this.#requests, seconds, p50: at(0.5), p99: at(0.99), mismatches: this.#mismatches }
  }

  close(): void {
    for (const { socket } of this.#peers) socket.destroy()
  }

  async #open(): Promise<Socket> {
    const { port, tls = false, cipher } = this.#work
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    if (!tls) return socket
    const secure = connectTls({ socket, rejectUnauthorized: false, ...(cipher && { ciphers: cipher }) })
    await once(secure, 'secureConnect')
    return secure
  }

  #take(peer: Peer, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += LONGEST) {
      const piece = bytes.subarray(at, at + LONGEST)
      this.#mismatches += this.#pattern.mismatches(piece, peer.position + at)
    }
    const count = peer.receive(bytes.length, this.#latencies)
    this.#requests += count
    if (this.#stopping) this.#finish()
    else if (count > 0) peer.begin(count, this.#pattern)
  }

  #finish(): void {
    if (this.#peers.every(peer => peer.idle)) this.#settle?.done()
  }
}

/** One connection and the position in its stream. */
class Peer {
  readonly socket: Socket
  readonly #offset: number
  readonly #size: number
  readonly #begunAt: number[]
  #begun = 0
  #sent = 0
  #received = 0

  constructor(socket: Socket, offset: number, { size, inFlight }: EchoWork) {
    this.socket = socket
    this.#offset = offset
    this.#size = size
    this.#begunAt = new Array<number>(inFlight).fill(0)
  }

  /** The pattern position of the next byte to receive. */
  get position(): number {
    return this.#offset + this.#received
  }

  get idle(): boolean {
    return this.#received === this.#begun * this.#size
  }

  begin(count: number, pattern: Pattern): void {
    const now = performance.now()
    for (let i = 0; i < count; i++) this.#begunAt[this.#begun++ % this.#begunAt.length] = now
    this.socket.cork()
    for (let left = this.#begun * this.#size - this.#sent; left > 0; ) {
      const size = Math.min(left, LONGEST)
      this.socket.write(pattern.at(this.#offset + this.#sent, size))
      this.#sent += size
      left -= size
    }
    this.socket.uncork()
  }

  /** Counts the messages that these bytes complete, and records how long each took, in microseconds. */
  receive(size: number, latencies: Histogram): number {
    let done = Math.floor(this.#received / this.#size)
    this.#received += size
    const whole = Math.floor(this.#received / this.#size)
    const count = whole - done
    const now = count > 0 ? performance.now() : 0
    for (; done < whole; done++) {
      latencies.record(Math.round((now - (this.#begunAt[done % this.#begunAt.length] ?? now)) * 1000))
    }
    return count
  }
}
