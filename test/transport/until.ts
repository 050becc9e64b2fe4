import { setTimeout as sleep } from 'node:timers/promises'

/** The limit on any wait, in milliseconds; reached only on failure. */
const GUARD = 60_000

/** Waits until the condition is true. Rejects, with what it waited for, if that does not happen. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GUARD
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await sleep(1)
  }
}
