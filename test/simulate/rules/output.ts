import type { Buffer } from 'node:buffer'
import { Action } from 'revio'
import type { Rule } from '../rule.js'
import type { Item, Story } from '../story.js'
import type { World } from '../world.js'

/** Output reaches the peer in order; all of it, if the connection ended in order. */
export const output: Rule = {
  name: 'output',

  between(world, story) {
    if (world.simulation.ended || story.id === 0) return undefined
    const pending = world.server.pending(story.id)
    // Output of any size is accepted while nothing else is unsent.
    const largest = Math.max(0, ...story.items.map(({ bytes }) => bytes.length))
    if (story.opened && pending > Math.max(story.limits.maxPending, story.early, largest)) {
      return `${pending} bytes are pending on connection ${story.id}, and ${story.limits.maxPending} may be`
    }
    if (story.over !== undefined) return pending === 0 ? undefined : `${pending} bytes pending after the end`
    if (pending > story.pendingMost) return `${pending} bytes are pending, and ${story.pendingMost} can be`
    const { closed, postwrite } = world.plan.handlers
    if (!closed || !postwrite || !story.untouched || !story.opened || story.fragile) return undefined
    if (pending >= story.pendingLeast || mayOverflow(story, story.refusedSize)) return undefined
    return `${pending} bytes are pending on connection ${story.id}, and ${story.pendingLeast} should be`
  },

  end(world, story) {
    const { peer } = story
    if (peer === undefined) return undefined
    const received = story.received
    const whole = isWhole(world, story)
    if (whole && peer.error !== undefined)
      return `connection ${story.id} closed in order, and its peer saw a reset`
    if (whole && !peer.ended) return `connection ${story.id} closed in order, and its peer saw no end`
    if (agrees(received, story.items, whole)) return undefined
    const given = `${story.given} bytes in ${story.items.length} pieces`
    return `peer ${story.number} received ${received.length} bytes that are not ${whole ? 'all' : 'the first'} of the ${given} given`
  },
}

/** Whether all output must have reached the peer, followed by an end. */
function isWhole(world: World, story: Story): boolean {
  const { over, left } = story
  if (over === undefined || over.error !== undefined || left !== undefined || story.fragile) return false
  if (story.closing === Action.Reset) return false
  // A `detached` that throws destroys the socket.
  if (over.how === 'detached') return story.script.detached.fault !== true
  if (world.everStalled || world.plan.simulation.latency > 0) return false
  const { shutdown } = world
  const cut = shutdown === undefined ? Number.POSITIVE_INFINITY : shutdown.at + shutdown.timeout
  // After a close the peer's input is discarded for a second; later input is answered with a reset.
  return story.sentAt < Math.min(over.at + 1000, cut)
}

/** The output may have exceeded `maxPending`. */
export function mayOverflow(story: Story, more = 0): boolean {
  return story.pendingMost + more > story.limits.maxPending
}

/** `received` is a prefix of the items, or all of them; uncertain ones may be missing. */
function agrees(received: Buffer, items: readonly Item[], whole: boolean): boolean {
  let places = new Set([0])
  for (const { bytes, certain } of items) {
    const next = new Set<number>()
    for (const at of places) {
      const size = Math.min(bytes.length, received.length - at)
      const same = received.subarray(at, at + size).equals(bytes.subarray(0, size))
      if (same && at + size === received.length && !whole) return true
      if (same && size === bytes.length) next.add(at + size)
      if (!certain) next.add(at)
    }
    places = next
  }
  return places.has(received.length)
}
