import { connect, type Socket } from 'node:net'

/** Milliseconds between adjustments of the number of clients. */
const STEP = 100
/** Maximum number of clients, and of bytes in a message. */
const CLIENTS = 160
const SIZE = 4096

/** A varying number of clients of an echo server. */
export class Load {
  readonly #port: number
  readonly #clients: Socket[] = []
  readonly #timer: NodeJS.Timeout
  #steps = 0

  constructor(port: number) {
    this.#port = port
    this.#timer = setInterval(() => this.#step(), STEP)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const client of this.#clients) client.destroy()
  }

  #step(): void {
    const phase = (this.#steps++ * STEP) / 1000
    const wanted = CLIENTS * (0.55 + 0.3 * Math.sin(phase / 9) + 0.1 * Math.sin(phase / 2.3))
    while (this.#clients.length < wanted) this.#clients.push(this.#come())
    while (this.#clients.length > wanted) this.#clients.shift()?.end()
  }

  #come(): Socket {
    const client = connect(this.#port, '127.0.0.1')
    const bytes = Buffer.alloc(SIZE, 'revio ')
    let awaited = 0
    const say = () => {
      awaited = Math.ceil(SIZE * Math.random() ** 3)
      client.write(bytes.subarray(0, awaited))
    }
    client.on('connect', say)
    client.on('data', ({ length }) => {
      awaited -= length
      if (awaited === 0) setTimeout(() => client.writable && say(), 20 * Math.random())
    })
    client.on('error', () => {})
    return client
  }
}
