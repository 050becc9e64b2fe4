import { setTimeout as sleep } from 'node:timers/promises'

/** How long anything may take, in milliseconds; only a failure takes so long. */
const GUARD = 60_000

/** Waits until it is so. Rejects, saying what was waited for, when it does not come to be. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GUARD
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await sleep(1)
  }
}
