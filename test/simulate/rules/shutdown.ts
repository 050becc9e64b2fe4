import { codeOf } from '../errors.js'
import type { Rule } from '../rule.js'

/** The loop ends correctly: listeners first, in time, and with nothing left. */
export const shutdown: Rule = {
  name: 'shutdown',

  event(world, { name, story }) {
    if (world.shutdown === undefined || name !== 'opened' || story?.dialled !== undefined) return undefined
    return 'a connection is opened after shutdown'
  },

  meanwhile(world) {
    const { simulation, plan, now, stalledUntil } = world
    if (world.shutdown !== undefined && !simulation.ended && simulation.left.steps === 0) {
      const { at, timeout } = world.shutdown
      if (now > Math.max(at, stalledUntil) + timeout)
        return `the loop has not ended ${timeout} ms after shutdown`
    }
    // With latency, timers are bytes in transit.
    if (!simulation.ended || plan.simulation.latency > 0) return undefined
    const { timers } = simulation.left
    return timers === 0 ? undefined : `the loop has ended, and ${timers} of its timers are left`
  },

  end(_world, story) {
    if (!story.late || story.peer === undefined || story.left !== undefined) return undefined
    return codeOf(story.peer.error) === 'ECONNREFUSED'
      ? undefined
      : `peer ${story.number} came after shutdown, and was not refused`
  },

  over(world) {
    const { simulation, outcome, failure, faults } = world
    if (!simulation.ended || outcome === undefined) return 'the loop has not ended in time'
    if (outcome.error !== failure) return `the loop ended with ${outcome.error}, not ${failure}`
    const { connections, steps } = simulation.left
    if (connections + steps > 0) return `left over: ${connections} connections, ${steps} steps`
    const told = new Set<unknown>(simulation.failures.map(({ error }) => error))
    const lost = faults.find(fault => !told.has(fault))
    return lost === undefined ? undefined : `${lost} was thrown and nobody was told`
  },
}
