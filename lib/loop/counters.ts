import { RevioError } from '../errors.js'
import { show } from '../show.js'
import type { Stats } from '../stats.js'
import type { TlsInfo } from '../tls.js'
import { type Clock, systemClock } from './clock.js'
import { noteTurn, recentTurn } from './recent-turn.js'

/** The counters, and their positions in a row. */
export const Count = {
  accepted: 0,
  dialled: 1,
  failed: 2,
  closed: 3,
  detached: 4,
  reset: 5,
  timedOut: 6,
  refused: 7,
  bytesIn: 8,
  bytesOut: 9,
  /** Bytes of output accepted into outboxes; and those of them discarded. */
  queued: 10,
  dropped: 11,
  events: 12,
  turns: 13,
  longestTurn: 14,
  busy: 15,
  handshakes: 16,
  resumed: 17,
  handshakesFailed: 18,
  /** 1 while the loop does not respond; the thread that started it writes this. */
  stalled: 19,
} as const

/** What a loop is doing now, in the same row. */
export const Current = {
  /** The handler that is running, as its index in `HANDLERS` plus 1; 0 without `slowHandler`. */
  handler: 20,
  /** Its connection, if it has one; otherwise 0. */
  connection: 21,
} as const

/** Numbers per row; a multiple of a cache line, so that loops don't share one. */
export const ROW = 32

/** Size in bytes of the rows of `loops` loops. */
export function sizeOfRows(loops: number): number {
  return loops * ROW * Float64Array.BYTES_PER_ELEMENT
}

/**
 * One loop's counters, in a separate row. With several loops, the rows are in shared memory: each loop writes its own
 * row and reads the others at any time.
 */
export class Counters {
  readonly row: Float64Array
  readonly #rows: readonly Float64Array[]

  readonly #clock: Pick<Clock, 'now'>
  /** Converts this thread's clock to the time of all loops: every thread has a separate clock. */
  readonly #epoch: number

  constructor(
    rows: ArrayBufferLike = new ArrayBuffer(sizeOfRows(1)),
    index = 0,
    clock: Pick<Clock, 'now'> = systemClock,
  ) {
    this.#rows = rowsOf(rows)
    this.#clock = clock
    this.#epoch = clock === systemClock ? performance.timeOrigin : 0
    const row = this.#rows[index]
    if (row === undefined) throw new Error(`there is no row ${index} among ${this.#rows.length}`)
    this.row = row
  }

  /** Number of loops. */
  get loops(): number {
    return this.#rows.length
  }

  /** A connection opened, with TLS or plain. */
  secured(tls: TlsInfo | undefined): void {
    if (tls === undefined) return
    this.add(Count.handshakes, 1)
    if (tls.reused) this.add(Count.resumed, 1)
  }

  /** A turn took this many milliseconds, up to now. */
  turned(ms: number, now: number): void {
    const { row } = this
    noteTurn(row, ms, now + this.#epoch)
    add(row, Count.turns, 1)
    add(row, Count.busy, ms)
    if (ms > (row[Count.longestTurn] as number)) row[Count.longestTurn] = ms
  }

  add(count: number, amount: number): void {
    add(this.row, count, amount)
  }

  /**
   * One loop's counters, or the sum over all.
   *
   * @throws `ERR_OPTION` if there is no such loop.
   */
  stats(loop: number | undefined): Stats {
    if (loop !== undefined && !(Number.isInteger(loop) && loop >= 0 && loop < this.loops)) {
      const message = `option loop: expected a loop from 0 to ${this.loops - 1}; received ${show(loop)}`
      throw new RevioError('ERR_OPTION', message)
    }
    const rows = loop === undefined ? this.#rows : this.#rows.slice(loop, loop + 1)
    return statsOf(rows, this.#clock.now() + this.#epoch)
  }
}

/** The rows in a piece of memory. */
export function rowsOf(memory: ArrayBufferLike): Float64Array[] {
  return Array.from(
    { length: memory.byteLength / sizeOfRows(1) },
    (_, index) => new Float64Array(memory, sizeOfRows(index), ROW),
  )
}

/** Sums rows, at a time that all loops have in common. */
export function statsOf(rows: readonly Float64Array[], at: number): Stats {
  const sum = (count: number) => rows.reduce((total, row) => total + (row[count] ?? 0), 0)
  const all = Object.fromEntries(Object.entries(Count).map(([name, count]) => [name, sum(count)]))
  const { queued = 0, dropped = 0, ...shown } = all as Record<keyof typeof Count, number>
  return {
    ...shown,
    connections: shown.accepted + shown.dialled - shown.closed - shown.detached,
    pending: queued - dropped - shown.bytesOut,
    longestTurn: Math.max(0, ...rows.map(row => row[Count.longestTurn] ?? 0)),
    recentTurn: Math.max(0, ...rows.map(row => recentTurn(row, at))),
  }
}

function add(row: Float64Array, count: number, amount: number): void {
  row[count] = (row[count] as number) + amount
}
