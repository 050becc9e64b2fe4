import type { Endpoint, Events, Server } from '../../lib/index.js'

/** Where the rules of the contract are tested: loops on one transport, and peers for them. */
export interface World {
  /** For titles: `net over tcp4`. */
  readonly title: string
  readonly transport: Server['transport']
  readonly network: 'tcp4' | 'tcp6' | 'unix'
  /** Real sockets and time, as opposed to simulated ones. */
  readonly real: boolean
  /** More bytes than all buffers on the way to a peer that does not read hold, and than the default of `highWaterMark`. */
  readonly much: number
  /** The length on the wire differs from the plain length. */
  readonly resizes?: boolean
  /** Each connection costs both sides a handshake: a rule that needs many does with fewer. */
  readonly handshakes?: boolean
  /** An unused address for `serve`: port 0, or a new path. */
  address(options?: string): string
  /** Runs a loop; resolves once `serving` has run. Rejects as `serve` does. Without addresses: on one. */
  serve<Context = undefined>(events: Events<Context>, ...addresses: (string | Endpoint)[]): Promise<Running>
  connect(server: Server, options?: PeerOptions): Peer
  /** Waits until the condition is true. Rejects, with what it waited for, if that does not happen. */
  until(what: string, condition: () => boolean): Promise<void>
  /** Lets this many milliseconds pass: if a rule names a time, and nothing may happen before. */
  pass(ms: number): Promise<void>
  /** Ends what is still running; returns violations of the order of events. */
  end(): Promise<readonly string[]>
}

/** A running loop. */
export interface Running {
  readonly server: Server
  /** The result of `serve`. */
  readonly done: Promise<void>
  readonly ended: boolean
}

export interface PeerOptions {
  /** Which of the server's addresses it connects to; default 0. */
  addressIndex?: number
  /** Reads nothing before `resume`. Default false. */
  paused?: boolean
  /** Does not answer the loop's end with its own. Default false. */
  allowHalfOpen?: boolean
  /** Is certain to see a reset after the output, at the cost of slow reads. Default false. */
  careful?: boolean
}

/** The other side of a connection, as in the simulator; a peer on a socket reads and sends asynchronously. */
export interface Peer {
  send(chunk: Uint8Array | string): Peer
  /** Ends its sending side; still receives. */
  end(): Peer
  /** Closes both directions, like a program that exits. */
  close(): Peer
  /** Resets the connection. Real Unix sockets have no reset. */
  reset(): Peer
  /** Stops reading. */
  pause(): Peer
  /** Resumes reading; with `bytes`, about that many. */
  resume(bytes?: number): Peer
  readonly received: string
  readonly receivedBytes: Buffer
  /** Returns what it has received, and clears it. */
  take(): string
  /** Bytes passed to `send` that have not been sent. */
  readonly unsent: number
  /** The loop's orderly end has arrived. */
  readonly ended: boolean
  /** Why it broke. */
  readonly error: Error | undefined
  /** Both directions are closed. */
  readonly closed: boolean
}
