import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Memory, Quiet, ServerCounts } from '../messages.js'

/** Milliseconds between looks, and until what is left by then is what is left over. */
const LOOK = 20
const PATIENCE = 15_000
/** What V8 frees, it frees in several goes. */
const COLLECTIONS = 4

export interface Settling {
  readonly counts: ServerCounts
  readonly isQuiet: () => boolean
  /** Sends off what has not been reported. */
  readonly report: () => void
}

let fewest: number | undefined

/** Waits until nobody is connected and the descriptors are as few as at the first time, at most for a while. */
export async function settle({ counts, isQuiet, report }: Settling): Promise<Quiet> {
  const end = performance.now() + PATIENCE
  let open = descriptors()
  while (performance.now() < end && !(isQuiet() && open <= (fewest ?? open))) {
    await sleep(LOOK)
    open = descriptors()
  }
  fewest ??= open
  report()
  for (let i = 0; i < COLLECTIONS; i++) {
    global.gc?.()
    await sleep(1)
  }
  return { kind: 'quiet', descriptors: open, memory: memory(), counts }
}

/** Open in this process; the one that this look takes is not counted. */
function descriptors(): number {
  return readdirSync('/dev/fd').length - 1
}

function memory(): Memory {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { rss, heap: heapUsed, buffers: arrayBuffers }
}
