/** A loop's counters, since it started: see `server.stats`. */
export interface Stats {
  /** Connections open now: `accepted` and `dialled`, less `closed` and `detached`. */
  readonly connections: number
  /** Connections accepted. */
  readonly accepted: number
  /** Connections from `dial` and `attach`, including failed ones. */
  readonly dialled: number
  /** Of `dialled`, those that failed to connect. */
  readonly failed: number
  /** Connections whose `closed` has run. */
  readonly closed: number
  /** Connections handed over by `Detach`. */
  readonly detached: number
  /** Of `closed`, those that the peer broke (`ECONNRESET`, `EPIPE`). */
  readonly reset: number
  /** Of `closed`, those that timed out (`ETIMEDOUT`). */
  readonly timedOut: number
  /**
   * Peers rejected before `opened`: the loop was shutting down, or their PROXY header was missing or
   * malformed.
   */
  readonly refused: number
  /** Bytes delivered to handlers: after TLS and layers. */
  readonly bytesIn: number
  /** Bytes of output that the system accepted. */
  readonly bytesOut: number
  /** Bytes of unsent output of all connections. */
  readonly pending: number
  /**
   * Connection events, with or without a handler: `opened`, `data`, `ended`, `expired`, `closed`, `detached`.
   */
  readonly events: number
  /** Turns of the loop. */
  readonly turns: number
  /** Duration of the longest turn in milliseconds. */
  readonly longestTurn: number
  /** The same of late: the longest turn of the last 15 to 30 seconds. */
  readonly recentTurn: number
  /** Milliseconds spent in all turns, in handlers and in the loop's own work. */
  readonly busy: number
  /** TLS handshakes completed. */
  readonly handshakes: number
  /** Of `handshakes`, those that resumed an earlier session. */
  readonly resumed: number
  /** TLS handshakes that failed. */
  readonly handshakesFailed: number
  /** Loops of `serveLoops` that do not respond at the moment; their other figures are those of before. */
  readonly stalled: number
}
