import { Count, rowsOf } from '../loop/counters.js'

/** A loop has died, and its connections with it: nobody was there to count that. */
export function settleCounts(counts: SharedArrayBuffer, index: number): void {
  const row = rowsOf(counts)[index]
  if (row === undefined) return
  const value = (count: number) => row[count] ?? 0
  row[Count.closed] = value(Count.accepted) + value(Count.dialled) - value(Count.detached)
  row[Count.dropped] = value(Count.queued) - value(Count.bytesOut)
}
