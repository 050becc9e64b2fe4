/** Pings in a stall timeout: a pause of the whole process, which the timer sees as one, must not look like a stall. */
const BEATS = 4
/** The maximum of Node's timers, in milliseconds; longer delays would fire at once. */
const LONGEST = 2 ** 31 - 1

/** A loop to watch. */
export interface Watched {
  /** It has been told to be stalled, and hasn't responded since. */
  readonly stalled: boolean
  /** Asks for a sign of life, unless one is awaited. Returns how many beats the loop has missed. */
  beat(): number
}

/** What to do about loops that do not respond. */
export interface StallWatchOptions<Loop extends Watched> {
  /** Milliseconds without a response after which a loop counts as stalled; `Infinity` watches nothing. */
  readonly timeout: number
  /** The loops to watch now. */
  readonly loops: () => Iterable<Loop>
  /** A loop has stalled, or still is. */
  readonly stalled: (loop: Loop) => void
}

/** Asks loops regularly for a sign of life: a handler that holds a thread keeps its loop from giving one. */
export class StallWatch<Loop extends Watched> {
  readonly #options: StallWatchOptions<Loop>
  #timer: NodeJS.Timeout | undefined

  constructor(options: StallWatchOptions<Loop>) {
    this.#options = options
  }

  start(): void {
    const { timeout } = this.#options
    if (timeout === Number.POSITIVE_INFINITY) return
    this.#timer = setInterval(() => this.beat(), Math.min(timeout / BEATS, LONGEST))
    this.#timer.unref()
  }

  beat(): void {
    const { loops, stalled } = this.#options
    for (const loop of loops()) {
      if (loop.beat() >= BEATS) stalled(loop)
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
