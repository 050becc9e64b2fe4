/** Milliseconds of a window. */
const WINDOW = 15_000

/** Where a row holds the longest turn of two windows: the current one, which has a start, and the one before. */
const Window = { start: 24, longest: 25, before: 26 } as const

/** Notes that a turn of this many milliseconds ended at a time. */
export function noteTurn(row: Float64Array, ms: number, at: number): void {
  const age = at - (row[Window.start] as number)
  if (age >= WINDOW) {
    row[Window.before] = age < 2 * WINDOW ? (row[Window.longest] as number) : 0
    row[Window.longest] = 0
    row[Window.start] = at
  }
  if (ms > (row[Window.longest] as number)) row[Window.longest] = ms
}

/** The duration of the longest turn of the last one to two windows before a time. An idle loop notes nothing. */
export function recentTurn(row: Float64Array, at: number): number {
  const { start, longest, before } = Window
  const age = at - (row[start] ?? 0)
  if (age >= 2 * WINDOW) return 0
  return age < WINDOW ? Math.max(row[longest] ?? 0, row[before] ?? 0) : (row[longest] ?? 0)
}
