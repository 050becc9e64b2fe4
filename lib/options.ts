/** A connection's options, returned by `opened`. */
export interface Options<Context = undefined> {
  /** Passed to every later handler of this connection: state without a `Map`. */
  context?: Context
  /** Milliseconds of silence before TCP probes the peer; 0 or absent: off. */
  keepAlive?: number
  /** Sends small output at once (`TCP_NODELAY`). Default true. */
  noDelay?: boolean
  /** True: doesn't read before `resume(id)`. Default false. */
  paused?: boolean
  /**
   * True: keeps the connection open when the peer ends its side, and runs `ended`. Default false: the
   * connection closes once everything the peer sent has been answered. Without an `ended` handler it has no
   * effect.
   */
  halfOpen?: boolean
  /**
   * True: closes at once when the peer breaks the connection while a reply is promised, and discards input
   * that waits for that reply. Default false: closes once the promise has settled and earlier input has been
   * delivered.
   */
  closeOnBreak?: boolean
  /**
   * True: passes the loop's own memory as `input`, valid until the handler returns; saves a copy. Default
   * false.
   */
  reuseInputBuffer?: boolean
  /**
   * Closes with `ETIMEDOUT` after this many milliseconds without a byte from the peer. 0: never. Default 0.
   */
  readTimeout?: number
  /**
   * Closes with `ETIMEDOUT` after this many milliseconds without a byte in either direction. 0: never.
   * Default 0; 60 000 for datagrams, where nothing else signals that a remote has gone.
   */
  idleTimeout?: number
  /** Stops reading while more than this many bytes are unsent. Default 1 MiB. */
  highWaterMark?: number
  /**
   * Closes with `ENOBUFS` when more than this many bytes of output are unsent. Output of any size is accepted
   * while nothing else is unsent. Default 16 MiB.
   */
  maxPending?: number
  /**
   * Closes with `ETIMEDOUT` after this many milliseconds without progress on unsent output. 0: no limit.
   * Default 30 000.
   */
  writeTimeout?: number
}
