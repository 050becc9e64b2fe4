import type { Rule } from '../rule.js'
import type { Story } from '../story.js'
import type { World } from '../world.js'

/**
 * At rest, nothing is left that could have continued. Whatever handlers do, a connection whose peer has left, or that
 * was asked to close, ends.
 */
export const liveness: Rule = {
  name: 'liveness',

  event(_world, { name, story, input }) {
    if (name !== 'data' || input !== null || story === undefined || story.vain < 2) return undefined
    return `connection ${story.id} is woken on and on, and only its end can follow`
  },

  waited(world, story) {
    if (!story.open || !world.plan.handlers.closed) return undefined
    const why = isLeft(world, story)
    return why && `connection ${story.id} is still open a long time after ${why}`
  },

  rest(world, story) {
    const { peer } = story
    if (peer === undefined || world.shutdown !== undefined) return undefined
    if (!story.opened) return isLeftOutside(world, story) ? `peer ${story.number} is not accepted` : undefined
    if (!story.open || !world.plan.handlers.closed || !story.untouched || story.fragile) return undefined
    const pending = world.server.pending(story.id)
    if (story.reading && pending > 0)
      return `${pending} bytes are not written, and peer ${story.number} reads`
    if (!world.plan.handlers.data || story.busy || story.paused) return undefined
    if (pending >= story.limits.highWaterMark || story.delivered === story.sent) return undefined
    return `${story.delivered} of ${story.sent} bytes are delivered to connection ${story.id}, and nothing holds it`
  },
}

/** What should have ended a connection by now, although no one helped. */
function isLeft(world: World, story: Story): string | undefined {
  const { left, limits, paused } = story
  // A peer that does not read is given up only after `writeTimeout`.
  const unread = (!story.reading || story.fragile) && limits.writeTimeout === 0
  const stays = limits.halfOpen && world.plan.handlers.ended
  if (left === 'reset') return 'its peer did reset'
  if (left === 'close' && !story.fragile && (world.server.pending(story.id) > 0 || !(paused || stays)))
    return 'its peer did close'
  if (unread) return undefined
  if (story.unmade) return 'its layer could not be made'
  if (story.closing !== undefined) return 'its end was asked for'
  if (story.thrown.length > 0) return 'a handler threw'
  // A layer that stalls also holds the peer's end.
  if (!story.peerEnded || paused || story.fragile) return undefined
  if (!stays) return 'its peer ended'
  return story.outputEnded ? 'both sides ended' : undefined
}

function isLeftOutside(world: World, story: Story): boolean {
  const limited = story.address === 1 && world.plan.simulation.maxConnections !== undefined
  return world.plan.handlers.opened && !limited
}
