import type { Rule } from '../rule.js'
import type { Story } from '../story.js'
import type { World } from '../world.js'
import { mayOverflow } from './output.js'

/** The server's methods return whether the id is open, and otherwise do nothing. */
export const calls: Rule = {
  name: 'calls',

  called(world, { call, story, id, size, answer }) {
    if (answer && story.id !== id) return `${call} says that connection ${id} is open, and there is none`
    if (answer && story.over !== undefined)
      return `${call} says that connection ${id} is open, and it is over`
    if (answer || !isSurelyOpen(world, story, size)) return undefined
    return `${call} says that connection ${id} is not open, and it is`
  },

  rest(world, story) {
    const waits = story.open && story.woken && world.plan.handlers.data && world.plan.handlers.closed
    if (!waits || story.busy || !story.untouched || world.shutdown !== undefined) return undefined
    return `connection ${story.id} was woken, and got no data`
  },

  meanwhile(world) {
    const { opened, closed, detached } = world.plan.handlers
    if (!opened || !closed || !detached || world.simulation.ended) return undefined
    const open = world.stories.filter(story => story.open).length
    const { connections } = world.server
    return connections === open ? undefined : `${connections} connections are counted, and ${open} are open`
  },
}

function isSurelyOpen(world: World, story: Story, size: number): boolean {
  if (
    !story.open ||
    !story.untouched ||
    story.fragile ||
    world.shutdown !== undefined ||
    !world.plan.handlers.closed
  )
    return false
  const { idleTimeout, writeTimeout } = story.limits
  if (idleTimeout > 0 || mayOverflow(story, Math.max(size, story.refusedSize))) return false
  return story.pendingMost === 0 || world.now < story.progressAt + writeTimeout
}
