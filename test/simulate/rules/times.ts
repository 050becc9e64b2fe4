import type { Rule } from '../rule.js'
import type { Story } from '../story.js'
import type { World } from '../world.js'

/** Ticks and timeouts occur when due, and not earlier. */
export const times: Rule = {
  name: 'times',

  event(world, { name, at }) {
    if (name !== 'tick') return undefined
    const { dueAt } = world.tick
    if (dueAt === undefined) return 'tick runs, and no delay was given'
    if (world.shutdown !== undefined) return 'tick runs after shutdown'
    if (at < dueAt || (at > dueAt && !world.stalled)) return `tick at ${at} ms, and it is due at ${dueAt} ms`
    return undefined
  },

  between(world, story) {
    const { now, latency } = { now: world.now, latency: world.plan.simulation.latency }
    if (world.stalled || latency > 0 || !story.open || story.fragile || !world.plan.handlers.closed)
      return undefined
    const { idleTimeout, writeTimeout } = story.limits
    const idle = now - Math.max(story.activeAt, world.stalledUntil)
    if (idleTimeout > 0 && idle > idleTimeout + 1)
      return `connection ${story.id} idles for ${idle} of ${idleTimeout} ms`
    // If the OS reports what the peer has acknowledged, it is queried eight times.
    if (idle <= (writeTimeout * 9) / 8 + 2 || world.server.pending(story.id) === 0) return undefined
    return `output of connection ${story.id} waits for ${idle} of ${writeTimeout} ms`
  },

  over(world) {
    const { tick, now, shutdown, plan } = world
    if (!plan.handlers.tick || tick.dueAt === undefined) return undefined
    const until = Math.min(now, (shutdown?.at ?? Number.POSITIVE_INFINITY) - 1)
    return tick.dueAt <= until && !world.everStalled ? `the tick of ${tick.dueAt} ms did not come` : undefined
  },
}

/** A timeout of the connection or the loop may expire: no sooner than the last observed byte permits. */
export function timedOut(world: World, story: Story): boolean {
  const { now, shutdown } = world
  const { idleTimeout, writeTimeout } = story.limits
  // Input counts from the turn that read it, and earlier handlers may have stalled.
  if (idleTimeout > 0 && (world.stalled || now >= story.byteAt + idleTimeout)) return true
  // As for output, another connection's handler may have stalled between the write and its report.
  const wroteAt = world.stalled ? story.attemptedAt : story.progressAt
  const takenAt = isKnown(world) ? Math.max(wroteAt, story.readAt) : wroteAt
  if (story.pendingMost > 0 && now >= takenAt + writeTimeout) return true
  return shutdown !== undefined && now >= shutdown.at + shutdown.timeout
}

/** Whether the loop, and this program too, can know what a peer has received while nothing can be written. */
function isKnown(world: World): boolean {
  const { seed, latency } = world.plan.simulation
  return seed !== undefined && latency === 0 && !world.stalled
}
