/** What the server of a dashboard sends to its pages. */
export type Message = Hello | ({ readonly type: 'sample' } & Sample)

/** The first message of a connection. */
export interface Hello {
  readonly type: 'hello'
  /** Another one after each start of the program. */
  readonly run: string
  readonly program: string
  readonly addresses: readonly string[]
  readonly transport: string
  readonly node: string
  readonly pid: number
  /** Milliseconds from one sample to the next. */
  readonly interval: number
  /** How many samples are kept. */
  readonly kept: number
  /** Those of the last minutes, the oldest first. */
  readonly samples: readonly Sample[]
}

/** What there was at one moment. Memory in bytes, of all threads together. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Seconds since the program was started. */
  readonly uptime: number
  readonly rss: number
  readonly heapUsed: number
  readonly heapTotal: number
  readonly arrayBuffers: number
  /** By the index of the loop. */
  readonly loops: readonly LoopSample[]
}

/** Of one loop's statistics, those that a dashboard shows. */
export interface LoopSample {
  readonly connections: number
  readonly accepted: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly pending: number
  readonly events: number
  readonly turns: number
  readonly longestTurn: number
  readonly busy: number
  readonly handshakes: number
  readonly resumed: number
  readonly handshakesFailed: number
}
