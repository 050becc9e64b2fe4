import { Count, rowsOf } from '../loop/counters.js'

/** Subtracts the connections of a crashed loop, which could not count them itself. */
export function settleCounts(counts: SharedArrayBuffer, index: number): void {
  const row = rowsOf(counts)[index]
  if (row === undefined) return
  const value = (count: number) => row[count] ?? 0
  row[Count.closed] = value(Count.accepted) + value(Count.dialled) - value(Count.detached)
  row[Count.dropped] = value(Count.queued) - value(Count.bytesOut)
}
