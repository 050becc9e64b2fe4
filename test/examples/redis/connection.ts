import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { replyEnd } from './resp-reader.js'

/** A plain connection to a Redis server, which returns replies as bytes. */
export class Connection {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #ended = false
  #arrived: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', bytes => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#arrived()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#arrived()
    })
  }

  static async to(where: NetConnectOpts): Promise<Connection> {
    const socket = connect(where)
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Sends a command as an array of bulk strings; returns its reply. */
  ask(...args: (string | Buffer)[]): Promise<Buffer> {
    this.socket.write(encode(args))
    return this.reply()
  }

  /** The next reply; rejects if the connection closes first. */
  async reply(): Promise<Buffer> {
    for (;;) {
      const end = this.#received.length === 0 ? -1 : replyEnd(this.#received, 0)
      if (end >= 0) {
        const reply = this.#received.subarray(0, end)
        this.#received = this.#received.subarray(end)
        return reply
      }
      if (this.#ended)
        throw new Error(`closed with ${JSON.stringify(this.#received.toString('latin1'))} unread`)
      await this.#more()
    }
  }

  /** Everything received until the connection closes. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more()
    return this.#received
  }

  close(): void {
    this.socket.destroy()
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#arrived = resolve
    })
  }
}

export function encode(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = Buffer.from(arg as string, 'utf8')
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}
