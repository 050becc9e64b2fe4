/** How a connection is to be treated, from what `opened` returned. */
export interface Options<Context = undefined> {
  /** Handed to every later event of this connection: state without a `Map`. */
  context?: Context
  /** Milliseconds of silence before TCP probes the peer; 0 or absent: off. */
  keepAlive?: number
  /** Sends small output at once (`TCP_NODELAY`). Default true. */
  noDelay?: boolean
  /** True: nothing is read before `resume(id)`. Default false. */
  paused?: boolean
  /**
   * True: the peer's end is told with `ended`, and does not close the connection. Default false: the connection closes
   * once all the peer sent has been answered. Without an `ended` handler it makes no difference.
   */
  halfOpen?: boolean
  /**
   * True: a connection that the peer breaks closes at once while a reply is promised, and input that waits for that reply
   * is dropped. Default false: it closes once the promise has settled and what the peer sent before has been delivered.
   */
  closeOnBreak?: boolean
  /** True: `data`'s input is only valid until the handler returns, and costs no copy. Default false. */
  reuseInputBuffer?: boolean
  /** Milliseconds without a byte from the peer after which it is closed with `ETIMEDOUT`. 0: never. Default 0. */
  readTimeout?: number
  /**
   * Milliseconds without a byte either way after which it is closed with `ETIMEDOUT`. 0: never. Default 0, and 60 000
   * for datagrams, where nothing else tells that a remote has gone.
   */
  idleTimeout?: number
  /** Bytes of unsent output above which this connection is not read. Default 1 MiB. */
  highWaterMark?: number
  /**
   * Bytes of output that may gather unsent; more closes the connection with `ENOBUFS`. Output that finds nothing
   * unsent is taken whatever its size. Default 16 MiB.
   */
  maxPending?: number
  /**
   * Milliseconds in which unsent output must make some progress, or it is closed with `ETIMEDOUT`. 0: no limit. Default
   * 30 000.
   */
  writeTimeout?: number
}
