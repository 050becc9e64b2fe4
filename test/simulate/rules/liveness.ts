import type { Rule } from '../rule.js'

/** At rest nothing is left that could have gone on. */
export const liveness: Rule = {
  name: 'liveness',

  rest(world, story) {
    const { peer } = story
    if (peer === undefined || world.shutdown !== undefined) return undefined
    if (!story.opened) return isLeftOutside(world, story) ? `peer ${story.number} is not accepted` : undefined
    if (!story.open || !world.plan.handlers.closed || !story.untouched) return undefined
    const pending = world.server.pending(story.id)
    if (story.reading && pending > 0)
      return `${pending} bytes are not written, and peer ${story.number} reads`
    if (!world.plan.handlers.data || story.busy || story.paused) return undefined
    if (pending >= story.limits.highWaterMark || story.delivered === story.sent) return undefined
    return `${story.delivered} of ${story.sent} bytes are delivered to connection ${story.id}, and nothing holds it`
  },
}

function isLeftOutside(
  world: Parameters<NonNullable<Rule['rest']>>[0],
  story: Parameters<NonNullable<Rule['rest']>>[1],
) {
  const limited = story.address === 1 && world.plan.simulation.maxConnections !== undefined
  return world.plan.handlers.opened && !limited
}
