import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Memory, Quiet, ServerCounts } from '../messages.js'

/** Milliseconds between checks, and until what remains counts as left over. */
const LOOK = 20
const PATIENCE = 15_000
/** V8 frees memory in several collections. */
const COLLECTIONS = 4

export interface Settling {
  readonly counts: ServerCounts
  readonly isQuiet: () => boolean
  /** Sends what has not been reported. */
  readonly report: () => void
}

let fewest: number | undefined

/** Waits until no one is connected and the descriptors are as few as at the first time, for a limited time. */
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

/** Open in this process, without the one that this check uses. */
function descriptors(): number {
  return readdirSync('/dev/fd').length - 1
}

function memory(): Memory {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { rss, heap: heapUsed, buffers: arrayBuffers }
}
