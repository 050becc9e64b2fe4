import * as dgram from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import * as net from 'node:net'
import { relative, resolve } from 'node:path'

const PATIENCE = 10_000

/** Waits until a condition holds; checks again on each `change` event of `emitter`. */
export async function until(emitter: EventEmitter, what: () => string, holds: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE)
  while (!holds()) {
    await once(emitter, 'change', { signal }).catch(() => {
      throw new Error(`waited ${PATIENCE} ms for ${what()}`)
    })
  }
}

export type Expected = string | RegExp | number

/** The client of a sample. */
export interface Client {
  send(text: string): void
  /** Waits for these bytes, for a match, or for a number of bytes, and removes them from the input. */
  receive(expected: Expected): Promise<void>
  /** Ends its sending side. */
  end(): void
  /** Waits until the sample has ended the connection in order. */
  ended(): Promise<void>
  destroy(): void
}

/** Connects to an address of `server.addresses`; a relative Unix socket path is in `folder`. */
export function connectTo(address: string, folder: string): Client {
  const [, network = '', host = '', port = ''] = /^(\w+):\/\/(?:\[?(.*?)\]?:)?([^:]*)$/.exec(address) ?? []
  if (network === 'unix') return new StreamClient(net.connect({ path: relative('.', resolve(folder, port)) }))
  const local = host.replace(/^::$/, '::1').replace(/^0\.0\.0\.0$/, '127.0.0.1')
  if (network.startsWith('udp')) return new DatagramClient(network === 'udp6', local, Number(port))
  return new StreamClient(net.connect({ host: local, port: Number(port) }))
}

/** The bytes received, and the one who waits for them. */
class Inbox extends EventEmitter {
  text = ''
  over: 'no' | 'in order' | Error = 'no'

  take(bytes: Buffer): void {
    this.text += bytes.toString('latin1')
    this.emit('change')
  }

  finish(how: 'in order' | Error): void {
    if (this.over === 'no') this.over = how
    this.emit('change')
  }

  async receive(expected: Expected): Promise<void> {
    const wanted = typeof expected === 'string' ? Buffer.from(expected).toString('latin1') : expected
    const length = () => lengthOf(wanted, this.text)
    const hopeless = () =>
      this.over !== 'no' ||
      (typeof wanted === 'string' && !wanted.startsWith(this.text.slice(0, wanted.length)))
    const what = () => `${wanted}, got ${JSON.stringify(this.text.slice(0, 200))} (over: ${this.over})`
    await until(this, what, () => length() >= 0 || hopeless())
    if (length() < 0) throw new Error(`expected ${what()}`)
    this.text = this.text.slice(length())
  }

  async ended(): Promise<void> {
    await until(
      this,
      () => 'the end',
      () => this.over !== 'no',
    )
    if (this.over !== 'in order') throw new Error(`ended with ${this.over}`)
    if (this.text !== '') throw new Error(`unexpected: ${JSON.stringify(this.text.slice(0, 200))}`)
  }
}

/** The length of the expected part at the start of `text`; -1 if it is not there. */
function lengthOf(expected: Expected, text: string): number {
  if (typeof expected === 'number') return text.length >= expected ? expected : -1
  if (typeof expected === 'string') return text.startsWith(expected) ? expected.length : -1
  return expected.exec(text)?.[0].length ?? -1
}

class StreamClient implements Client {
  readonly #socket: net.Socket
  readonly #inbox = new Inbox()

  constructor(socket: net.Socket) {
    this.#socket = socket
    socket.allowHalfOpen = true
    socket.on('data', bytes => this.#inbox.take(bytes))
    socket.on('end', () => this.#inbox.finish('in order'))
    socket.on('error', error => this.#inbox.finish(error))
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  receive(expected: Expected): Promise<void> {
    return this.#inbox.receive(expected)
  }

  end(): void {
    this.#socket.end()
  }

  ended(): Promise<void> {
    return this.#inbox.ended()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

class DatagramClient implements Client {
  readonly #socket: dgram.Socket
  readonly #inbox = new Inbox()
  readonly #host: string
  readonly #port: number

  constructor(six: boolean, host: string, port: number) {
    this.#host = host
    this.#port = port
    this.#socket = dgram.createSocket(six ? 'udp6' : 'udp4')
    this.#socket.on('message', bytes => this.#inbox.take(bytes))
    this.#socket.on('error', error => this.#inbox.finish(error))
  }

  send(text: string): void {
    this.#socket.send(text, this.#port, this.#host)
  }

  receive(expected: Expected): Promise<void> {
    return this.#inbox.receive(expected)
  }

  end(): void {}

  async ended(): Promise<void> {
    throw new Error('datagrams have no end')
  }

  destroy(): void {
    this.#socket.close()
  }
}
