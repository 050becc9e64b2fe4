import { Buffer } from 'node:buffer'
import * as dgram from 'node:dgram'
import type { Address } from '../../../lib/index.js'

/** A datagram socket that communicates with one server. */
export class DatagramPeer {
  readonly received: Buffer[] = []
  readonly port: number
  readonly #socket: dgram.Socket
  #open = true
  readonly #to: { host: string; port: number }

  private constructor(socket: dgram.Socket, to: { host: string; port: number }) {
    this.#socket = socket
    this.#to = to
    this.port = socket.address().port
    socket.on('message', bytes => this.received.push(bytes))
  }

  /** A bound peer; `port` reuses the port of an earlier one. */
  static open({ host, port }: Pick<Address, 'host' | 'port'>, own = 0): Promise<DatagramPeer> {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(own, host, () => {
        socket.setRecvBufferSize(1 << 20)
        resolve(new DatagramPeer(socket, { host, port }))
      })
    })
  }

  get texts(): string[] {
    return this.received.map(String)
  }

  send(...datagrams: (string | Uint8Array)[]): void {
    for (const bytes of datagrams) this.#socket.send(Buffer.from(bytes), this.#to.port, this.#to.host)
  }

  close(): void {
    if (this.#open) this.#socket.close()
    this.#open = false
  }
}
