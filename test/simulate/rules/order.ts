import type { Event, Rule } from '../rule.js'
import type { World } from '../world.js'

/** When each handler may run. */
export const order: Rule = {
  name: 'order',

  event(world, event) {
    if (world.depth > 0) return `${event.name} runs inside another handler`
    if (world.outcome !== undefined) return `${event.name} runs after the loop has ended`
    if (event.name === 'serving') return world.events > 0 ? 'serving is not the first event' : undefined
    if (world.plan.handlers.serving && !world.served) return `${event.name} comes before serving`
    if (event.name === 'tick') return undefined
    return event.name === 'opened' ? openedWrongly(world, event) : comesWrongly(event)
  },

  over(world) {
    const expected = world.plan.handlers.serving ? 'serving' : undefined
    if (expected !== undefined && !world.served) return 'serving never ran'
    return undefined
  },

  end(world, story) {
    const { opened, closed, detached } = world.plan.handlers
    if (opened && story.dialled !== undefined && story.id > 0 && !story.opened) {
      return `connection ${story.id} was ${story.dialled.attached ? 'attached' : 'dialled'}, and has had no event`
    }
    if (!story.opened || story.over !== undefined || !opened || !closed || !detached) return undefined
    return `connection ${story.id} was opened and neither closed nor detached`
  },
}

function openedWrongly(world: World, { id, story, info }: Event): string | undefined {
  if (story === undefined) return `opened for connection ${id}, which no peer has made`
  if (story.opened) return `opened a second time for connection ${id}`
  if (story.dialled === undefined && id <= world.lastId) return `id ${id} comes after id ${world.lastId}`
  if (info === undefined) return undefined
  if (info.addressIndex !== story.address) return `addressIndex ${info.addressIndex}, not ${story.address}`
  if (info.closing !== story.unmade && story.dialled === undefined)
    return info.closing ? 'closing, and it was not dialled' : 'opened, and its layer could not be made'
  if (!info.closing && story.dialled?.reachable === false) return 'opened, and nobody listens there'
  const address = String(story.peer?.address)
  const seen = String(info.remoteAddress)
  return story.dialled === undefined && seen !== address ? `remoteAddress ${seen}, not ${address}` : undefined
}

function comesWrongly({ name, id, story, context }: Event): string | undefined {
  if (story === undefined) return `${name} for connection ${id}, which nobody knows`
  if (!story.opened) return `${name} for connection ${id} before its opened`
  if (story.over !== undefined) return `${name} for connection ${id} after it was ${story.over.how}`
  if (context !== story.context) return `${name} for connection ${id} without the context that opened gave`
  return undefined
}
