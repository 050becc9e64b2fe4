import type { Endpoint, Events, Server } from '../../lib/index.js'

/** Where the rules of the contract are tried: loops on one transport, and peers for them. */
export interface World {
  /** For titles: `net over tcp4`. */
  readonly title: string
  readonly transport: Server['transport']
  readonly network: 'tcp4' | 'tcp6' | 'unix'
  /** Sockets of the system's and its time, as opposed to simulated ones. */
  readonly real: boolean
  /** What goes over the wire has another length than what is sent. */
  readonly resizes?: boolean
  /** An address that nobody listens on, for `serve`: port 0, or a path of its own. */
  address(options?: string): string
  /** Runs a loop, and answers it once `serving` has run. Rejects as `serve` does. Without addresses: on one. */
  serve<Context = undefined>(events: Events<Context>, ...addresses: (string | Endpoint)[]): Promise<Running>
  connect(server: Server, options?: PeerOptions): Peer
  /** Waits until it is so. Rejects, saying what was waited for, when it does not come to be. */
  until(what: string, condition: () => boolean): Promise<void>
  /** Lets so many milliseconds pass: where a rule names a time, and nothing is to happen before it. */
  pass(ms: number): Promise<void>
  /** Ends what still runs; answers what went against the order of events. */
  end(): Promise<readonly string[]>
}

/** A loop that runs. */
export interface Running {
  readonly server: Server
  /** What `serve` returned. */
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
  /** Is sure to see a reset behind the output, at the price of a slow read. Default false. */
  careful?: boolean
}

/** The other side of a connection, as the simulator has it; one on a socket reads and sends in its own time. */
export interface Peer {
  send(chunk: Uint8Array | string): Peer
  /** Says that it has sent all it will; goes on receiving. */
  end(): Peer
  /** Closes both ways, as a program that exits. */
  close(): Peer
  /** Breaks the connection. Unix sockets of the system's have no such thing. */
  reset(): Peer
  /** Stops reading. */
  pause(): Peer
  /** Goes on reading; where `bytes` is given, for about so many. */
  resume(bytes?: number): Peer
  readonly received: string
  readonly receivedBytes: Buffer
  /** What it has received, and forgets it. */
  take(): string
  /** Bytes given to `send` that have not left. */
  readonly unsent: number
  /** The loop's orderly end has come. */
  readonly ended: boolean
  /** Why it broke. */
  readonly error: Error | undefined
  /** Nothing goes either way any more. */
  readonly closed: boolean
}
