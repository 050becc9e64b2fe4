import { Action } from 'revio'
import { codeOf } from '../errors.js'
import type { Rule } from '../rule.js'
import type { Dialled, Story } from '../story.js'
import type { World } from '../world.js'
import { mayOverflow } from './output.js'
import { timedOut } from './times.js'

/** A write attempt in progress is still reported, and what is lost with it. */
const AFTER_RESET: readonly string[] = ['postwrite', 'sent', 'closed']

/** Connections end for a reason, report which, and do so when there is one. */
export const endings: Rule = {
  name: 'endings',

  event(world, { name, story, error }) {
    if (story === undefined) return undefined
    if (story.closing === Action.Reset && !AFTER_RESET.includes(name))
      return `${name} for connection ${story.id}, which is reset`
    if (name === 'ended') return endedWrongly(world, story)
    if (name === 'detached') {
      return story.closing === Action.Detach
        ? undefined
        : `connection ${story.id} was detached, and nobody asked for it`
    }
    if (name !== 'closed') return undefined
    const wrong = error === undefined ? missesError(world, story) : hasWrongError(world, story, error)
    return (
      wrong &&
      `connection ${story.id} closed ${error === undefined ? 'without an error' : `with ${error}`}, ${wrong}`
    )
  },

  rest(world, story) {
    if (!world.plan.handlers.closed || !story.open || story.fragile) return undefined
    if (endIsMissing(world, story)) return `connection ${story.id} has sent its last, and its peer saw no end`
    const why = isDue(world, story)
    return why && `connection ${story.id} is still open, and ${why}`
  },
}

function endedWrongly(world: World, story: Story): string | undefined {
  const whom = `ended for connection ${story.id}`
  if (!story.limits.halfOpen) return `${whom}, which is not to stay half-open`
  if (story.endTold) return `${whom}, a second time`
  if (!story.peerEnded) return `${whom}, and its peer has not ended`
  if (story.closing !== undefined || story.thrown.length > 0) return `${whom}, which is closing`
  if (story.busy) return `${whom}, while a reply is promised`
  if (world.shutdown !== undefined) return `${whom}, after shutdown`
  const whole = story.fragile || !world.plan.handlers.data || story.delivered === story.arrived
  return whole ? undefined : `${whom}, with ${story.delivered} of ${story.sent} bytes delivered`
}

function missesError(world: World, story: Story): string | undefined {
  if (story.unmade) return 'and its layer could not be made'
  if (story.fragile) return undefined
  if (story.thrown.length > 0) return 'and a handler threw'
  if (story.dialled?.reachable === false || story.stillborn) return 'and it could not be made'
  const asked = story.closing !== undefined || world.shutdown !== undefined || story.peerEnded
  if (asked || story.left === 'close') return undefined
  return story.left === 'reset' ? 'and the peer broke it' : 'and there is no reason for an end'
}

function hasWrongError(world: World, story: Story, error: Error): string | undefined {
  if (story.thrown.includes(error) || story.excused.includes(error)) return undefined
  if (story.fragile) return undefined
  const code = codeOf(error)
  const hidden = story.dialled !== undefined && !world.plan.handlers.opened
  if (hidden && ['ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT'].includes(code)) return undefined
  if (story.dialled !== undefined && story.stillborn) return isNotWhyUnmade(story.dialled, story, code)
  if (story.thrown.length > 0 && story.left === undefined) return `and ${String(story.thrown[0])} was thrown`
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return story.left === undefined ? 'and the peer did not break it' : undefined
  }
  if (code === 'ETIMEDOUT') return timedOut(world, story) ? undefined : 'and no time was up'
  if (code === 'ENOBUFS')
    return mayOverflow(story, story.refusedSize) ? undefined : 'and its output is not too much'
  return 'which is none that it could have'
}

function isNotWhyUnmade({ late, attached }: Dialled, story: Story, code: string): string | undefined {
  if (late) return code === 'ECONNABORTED' ? undefined : 'and the loop was to end when it was asked for'
  if (story.fragile && code === 'ECONNRESET') return undefined
  const known = attached ? ['ECONNABORTED'] : ['ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT']
  if (known.includes(code) || (story.left !== undefined && code === 'ECONNRESET')) return undefined
  return 'which is none of a connection that could not be made'
}

/** All output has been sent to a reading peer, and an End after it has not. */
function endIsMissing(world: World, story: Story): boolean {
  const { peer, outputEnded, left, reading, closing, id } = story
  const through = outputEnded && reading && left === undefined && closing === undefined
  return through && story.thrown.length === 0 && world.server.pending(id) === 0 && peer?.ended === false
}

/** Why a connection at rest should have ended. */
function isDue(world: World, story: Story): string | undefined {
  const halfOpen = story.limits.halfOpen && world.plan.handlers.ended
  const waits = story.left === 'close' || !story.limits.closeOnBreak
  if (story.busy && story.left !== undefined && waits) return undefined
  if (story.left === 'reset') return 'its peer did reset'
  if (story.left === 'close') return story.paused || halfOpen ? undefined : 'its peer did close'
  if (story.closing === Action.Reset) return 'a reset was asked for'
  if (!story.reading) return undefined
  if (story.closing !== undefined) return 'its end was asked for, and its peer reads'
  if (story.thrown.length > 0) return 'a handler threw, and its peer reads'
  if (story.busy) return undefined
  if (world.shutdown !== undefined) return 'the loop is to end, and its peer reads'
  if (!story.peerEnded || story.paused) return undefined
  if (!halfOpen) return 'its peer has ended and reads'
  if (!story.endTold) return 'its peer has ended, and nobody was told'
  return story.outputEnded ? 'both sides have ended' : undefined
}
