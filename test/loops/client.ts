import { once } from 'node:events'
import * as net from 'node:net'
import type { Address } from '../../lib/index.js'

/** A client that stores what it receives. */
export class Client {
  readonly socket: net.Socket
  received = ''
  error: Error | undefined

  constructor(address: Address | undefined) {
    if (address === undefined) throw new Error('there is no address')
    const { path, host, port } = address
    const local = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host
    this.socket = path === '' ? net.connect(port, local) : net.connect(path)
    this.socket.on('data', bytes => {
      this.received += bytes
    })
    this.socket.on('error', error => {
      this.error = error
    })
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  /** Waits until the received text meets a condition. */
  async until(holds: (received: string) => boolean): Promise<string> {
    while (!holds(this.received)) {
      if (this.socket.closed)
        throw new Error(`closed with ${JSON.stringify(this.received)}`, { cause: this.error })
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
    }
    return this.received
  }

  /** The loop that it is connected to. */
  async loop(): Promise<number> {
    return Number.parseInt(await this.until(received => received.includes(';')), 10)
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close')
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.closed()
  }
}

/** The number of clients of each loop. */
export async function spread(clients: readonly Client[], loops: number): Promise<number[]> {
  const counts = Array.from({ length: loops }, () => 0)
  for (const client of clients) {
    const loop = await client.loop()
    counts[loop] = (counts[loop] ?? 0) + 1
  }
  return counts
}
