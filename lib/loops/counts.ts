import { Count, Current, rowsOf, statsOf } from '../loop/counters.js'
import { HANDLERS } from '../loop/handlers.js'

/** Subtracts the connections of a crashed loop, which could not count them itself. */
export function settleCounts(counts: SharedArrayBuffer, index: number): void {
  const row = rowsOf(counts)[index]
  if (row === undefined) return
  const value = (count: number) => row[count] ?? 0
  row[Count.closed] = value(Count.accepted) + value(Count.dialled) - value(Count.detached)
  row[Count.dropped] = value(Count.queued) - value(Count.bytesOut)
  row[Count.stalled] = 0
  row[Current.handler] = 0
}

/** The number of open connections of a loop. */
export function openIn(counts: SharedArrayBuffer, index: number): number {
  return statsOf(rowsOf(counts).slice(index, index + 1), 0).connections
}

/** Notes that a loop does not respond, or that it does again. */
export function markStalled(counts: SharedArrayBuffer, index: number, stalled: boolean): void {
  const row = rowsOf(counts)[index]
  if (row !== undefined) row[Count.stalled] = Number(stalled)
}

/** What holds a loop's thread, as far as it is known: only loops with `slowHandler` note their handlers. */
export function holderOf(counts: SharedArrayBuffer, index: number): string {
  const row = rowsOf(counts)[index]
  const handler = HANDLERS[(row?.[Current.handler] ?? 0) - 1]
  if (handler === undefined) return 'a handler, which slowHandler would name,'
  const connection = row?.[Current.connection] ?? 0
  return connection === 0 ? handler : `${handler} of connection ${connection}`
}
