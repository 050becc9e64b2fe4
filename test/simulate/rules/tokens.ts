import { Action } from 'revio'
import type { Event, Rule } from '../rule.js'
import type { Story } from '../story.js'
import type { World } from '../world.js'

/** Every accepted token is reported once, in order, when its output has been written or discarded. */
export const tokens: Rule = {
  name: 'tokens',

  event(world, event) {
    const { name, story, error } = event
    if (story === undefined || !world.plan.handlers.sent) return undefined
    if (name === 'sent') return toldWrongly(world, story, event)
    if (name !== 'closed' && name !== 'detached') return undefined
    const lost = story.tokens.find(({ certain }) => certain)
    if (lost !== undefined) return `connection ${story.id} is ${name}, and token ${lost.token} was not told`
    // A reset is not an error of the connection.
    if (story.closing === Action.Reset && error === undefined) return undefined
    // If a handler throws in between, closed receives that.
    const thrown = [...story.thrown, ...story.excused]
    if (story.tokenError === undefined || story.tokenError === error || thrown.length > 0) return undefined
    return `connection ${story.id} closed with ${error}, and tokens were told ${story.tokenError}`
  },

  rest(world, story) {
    const { sent, closed } = world.plan.handlers
    if (!sent || !closed || !story.open || !story.reading || !story.untouched || story.fragile)
      return undefined
    const waiting = story.tokens.find(({ certain }) => certain)
    return (
      waiting && `all has been written on connection ${story.id}, and token ${waiting.token} was not told`
    )
  },
}

function toldWrongly(world: World, story: Story, { token, error }: Event): string | undefined {
  const place = story.tokens.findIndex(waiting => waiting.token === token)
  const waiting = story.tokens[place]
  if (waiting === undefined)
    return `token ${token} was told for connection ${story.id}, which does not wait for it`
  const before = story.tokens.slice(0, place).find(({ certain }) => certain)
  if (before !== undefined) return `token ${token} was told before token ${before.token}`
  if (error !== undefined || !waiting.certain) return undefined
  if (story.tokenError !== undefined) return `token ${token} was told as sent, and one before it as lost`
  if (!world.plan.handlers.postwrite || story.taken >= waiting.at) return undefined
  return `token ${token} was told when ${story.taken} of ${waiting.at} bytes had gone`
}
