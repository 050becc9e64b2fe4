import { readShared, type Shared } from './message.js'

/** Carries messages between the servers of a chat. */
export interface Relay {
  publish(room: string, message: Shared): void
  close(): Promise<void>
}

/** Receives a relay's events. */
export interface Listener {
  received(room: string, message: Shared): void
  /** The connection to the other servers is back; `lost` messages were dropped in the meantime. */
  reconnected(lost: number): void
  disconnected(): void
}

/** The relay of a single server. */
export const alone: Relay = { publish() {}, async close() {} }

/** The part of @nats-io/transport-node used here; the package is loaded only on demand. */
interface Connection {
  publish(subject: string, payload: string): void
  subscribe(subject: string, options: { callback(error: Error | null, message: Message): void }): unknown
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  close(): Promise<void>
}
interface Message {
  readonly subject: string
  string(): string
}
interface Outgoing {
  readonly subject: string
  readonly payload: string
}
interface Module {
  connect(options: object): Promise<Connection>
}

const PREFIX = 'revio.chat.'
/** The most messages to keep for NATS; drops the oldest first. */
const WAITING = 10_000

/** Connects to NATS, and reconnects as long as the process runs. */
export async function natsRelay(servers: string, listener: Listener): Promise<Relay> {
  const name: string = '@nats-io/transport-node'
  const { connect } = (await import(name).catch(() => {
    throw new Error(`--nats needs the package ${name}: npm install ${name}`)
  })) as Module
  const connection = await connect({
    servers,
    name: 'revio chat',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    pingInterval: 5000,
  })
  const relay = new NatsRelay(connection, listener)
  relay.watch().catch(() => {})
  return relay
}

/** Keeps published messages until NATS has confirmed them, and publishes them again after a reconnect. */
class NatsRelay implements Relay {
  readonly #connection: Connection
  readonly #listener: Listener
  #waiting: Outgoing[] = []
  #connected = true
  #flushing = false
  #lost = 0

  constructor(connection: Connection, listener: Listener) {
    this.#connection = connection
    this.#listener = listener
    connection.subscribe(`${PREFIX}*`, {
      callback: (error, message) => {
        if (error === null) this.#received(message)
      },
    })
  }

  publish(room: string, message: Shared): void {
    const one = {
      subject: PREFIX + Buffer.from(room).toString('base64url'),
      payload: JSON.stringify(message),
    }
    // Everything else is said again after a reconnect, as it then is.
    if (message.type === 'said') this.#keep(one)
    if (!this.#connected) return
    this.#connection.publish(one.subject, one.payload)
    void this.#confirm()
  }

  #keep(one: Outgoing): void {
    this.#waiting.push(one)
    if (this.#waiting.length <= WAITING) return
    this.#waiting.shift()
    this.#lost++
  }

  /** Follows the state of the connection. */
  async watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect' && this.#connected) {
        this.#connected = false
        this.#listener.disconnected()
      } else if (type === 'reconnect') {
        this.#connected = true
        for (const { subject, payload } of this.#waiting) this.#connection.publish(subject, payload)
        void this.#confirm()
        this.#listener.reconnected(this.#lost)
        this.#lost = 0
      }
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  /** Once NATS answers a ping, it has everything sent before. */
  async #confirm(): Promise<void> {
    if (this.#flushing) return
    this.#flushing = true
    try {
      while (this.#connected && this.#waiting.length > 0) {
        const sent = this.#waiting.at(-1)
        await this.#connection.flush()
        const until = sent === undefined ? -1 : this.#waiting.indexOf(sent)
        this.#waiting = this.#waiting.slice(until + 1)
      }
    } catch {
      // The connection is lost again; the next reconnect publishes the waiting messages again.
    } finally {
      this.#flushing = false
    }
  }

  #received(message: Message): void {
    const room = Buffer.from(message.subject.slice(PREFIX.length), 'base64url').toString()
    const shared = readShared(message.string())
    if (shared !== undefined) this.#listener.received(room, shared)
  }
}
