/** What the server of a dashboard sends to its pages. */
export type Message = Hello | ({ readonly type: 'sample' } & Sample)

/** The first message of a connection. */
export interface Hello {
  readonly type: 'hello'
  /** Differs after each start of the program. */
  readonly run: string
  readonly program: string
  readonly addresses: readonly string[]
  readonly transport: string
  readonly node: string
  readonly pid: number
  /** Milliseconds between samples. */
  readonly interval: number
  /** Number of samples to keep. */
  readonly kept: number
  /** The recent samples, oldest first. */
  readonly samples: readonly Sample[]
}

/** The state at one moment. Memory in bytes, summed over all threads. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Seconds since the program was started. */
  readonly uptime: number
  readonly rss: number
  readonly heapUsed: number
  readonly heapTotal: number
  readonly arrayBuffers: number
  /** Indexed by loop. */
  readonly loops: readonly LoopSample[]
}

/** The statistics of one loop that the dashboard shows. */
export interface LoopSample {
  readonly connections: number
  readonly accepted: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly pending: number
  readonly events: number
  readonly turns: number
  readonly recentTurn: number
  readonly busy: number
  readonly handshakes: number
  readonly resumed: number
  readonly handshakesFailed: number
}
