import type { Event, Rule } from '../rule.js'
import type { World } from '../world.js'

/** Every write attempt is reported before and after, with consistent figures. */
export const writes: Rule = {
  name: 'writes',

  event(world, event) {
    const { name, story } = event
    if (story === undefined) return undefined
    if (name === 'prewrite') return attempted(world, event)
    if (name === 'postwrite') return written(world, event)
    const attempting = story.attempt !== undefined && world.plan.handlers.postwrite
    return attempting && name === 'data'
      ? `data for connection ${story.id} between prewrite and postwrite`
      : undefined
  },
}

function attempted(world: World, { story, amount = Number.NaN }: Event): string | undefined {
  if (story === undefined || !world.plan.handlers.postwrite) return undefined
  if (story.attempt !== undefined) return `a second prewrite for connection ${story.id} without a postwrite`
  const { pendingLeast, pendingMost } = story
  if (amount > 0 && amount >= pendingLeast && amount <= pendingMost) return undefined
  return `prewrite says ${amount} bytes, and ${range(pendingLeast, pendingMost)} are pending on connection ${story.id}`
}

function written(
  world: World,
  { story, amount = Number.NaN, remaining = Number.NaN }: Event,
): string | undefined {
  if (story === undefined) return undefined
  if (world.plan.handlers.prewrite && story.attempt === undefined) {
    return `postwrite for connection ${story.id} without a prewrite`
  }
  const least = Math.max(0, story.pendingLeast - amount)
  const most = story.pendingMost - amount
  if (amount >= 0 && remaining >= least && remaining <= most) return undefined
  return `postwrite says ${amount} bytes were taken and ${remaining} remain, and ${range(least, most)} do`
}

function range(least: number, most: number): string {
  return least === most ? String(least) : `${least} to ${most}`
}
