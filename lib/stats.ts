/** What a loop has done and holds: see `server.stats`. All count from the start of the loop. */
export interface Stats {
  /** Connections open now: `accepted` and `dialled`, less `closed` and `detached`. */
  readonly connections: number
  /** Connections that peers have made. */
  readonly accepted: number
  /** Connections that this side has made, by `dial` and `attach`; those that failed count too. */
  readonly dialled: number
  /** Of `dialled`, those that could not be made. */
  readonly failed: number
  /** Connections whose `closed` has run. */
  readonly closed: number
  /** Connections that were handed over by `Detach`. */
  readonly detached: number
  /** Of `closed`, those that the peer broke (`ECONNRESET`, `EPIPE`). */
  readonly reset: number
  /** Of `closed`, those that ran out of time (`ETIMEDOUT`). */
  readonly timedOut: number
  /** Peers that were turned away before `opened`: the loop was ending, or their PROXY header was missing or malformed. */
  readonly refused: number
  /** Bytes received, as handlers see them: behind TLS and layers. */
  readonly bytesIn: number
  /** Bytes of output that the system has taken. */
  readonly bytesOut: number
  /** Bytes of output that wait to be taken, of all connections. */
  readonly pending: number
  /** Events of connections, with or without a handler: `opened`, `data`, `ended`, `expired`, `closed`, `detached`. */
  readonly events: number
  /** Turns of the loop. */
  readonly turns: number
  /** Milliseconds that the longest turn took. */
  readonly longestTurn: number
  /** Milliseconds spent in turns: in handlers, and in what the loop does for them. */
  readonly busy: number
  /** TLS handshakes that were done. */
  readonly handshakes: number
  /** Of `handshakes`, those that resumed an earlier session. */
  readonly resumed: number
  /** TLS handshakes that failed. */
  readonly handshakesFailed: number
}
