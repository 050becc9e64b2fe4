import { Buffer } from 'node:buffer'
import { Action } from 'revio'
import { streamBytes } from '../bytes.js'
import { codeOf } from '../errors.js'
import type { Event, Rule } from '../rule.js'
import type { Story } from '../story.js'
import type { World } from '../world.js'

/** How much the streams of a layer may hold. */
const LAYER = 262_144

/** The largest block that a loop reads in one turn. */
const TURN = 65_536

/** Input is delivered in order, once, completely, and only when permitted. */
export const input: Rule = {
  name: 'input',

  event(world, event) {
    const { name, story, input } = event
    if (name !== 'data' || story === undefined || input === undefined) return undefined
    const unwanted = isUnwanted(world, event, story)
    if (unwanted !== undefined) return `data for connection ${story.id} ${unwanted}`
    if (input === null)
      return story.woken ? undefined : `data for connection ${story.id} without input or a wake`
    if (input.length === 0) return `empty input for connection ${story.id}`
    const place = `${input.length} bytes from ${story.delivered} on`
    if (story.delivered + input.length > story.sent) return `more input than was sent: ${place}`
    const right = streamBytes(story.number, story.delivered, input.length)
    return right.equals(input) ? undefined : `wrong input for connection ${story.id}: ${place}`
  },

  between(world, story) {
    if (!story.open || world.shutdown !== undefined) return undefined
    if (isDetaching(world, story)) return takesTooMuch(world, story)
    if (!story.untouched) return undefined
    if (!world.plan.handlers.data || !world.plan.handlers.closed) return undefined
    const held = story.arrived - story.delivered
    const most = world.plan.simulation.receiveBuffer + TURN + (story.layer === undefined ? 0 : LAYER)
    return held <= most ? undefined : `${held} bytes were read from connection ${story.id} and not delivered`
  },

  end(world, story) {
    for (const { input, at } of story.kept) {
      if (streamBytes(story.number, at, input.length).equals(input)) continue
      return `input of connection ${story.id}, kept by its handler, has changed: ${input.length} bytes from ${at} on`
    }
    if (story.fragile) return undefined
    if (story.over?.how === 'detached') return world.plan.handlers.data ? ownerMisses(story) : undefined
    // A broken connection does not wait for a pause to end: no one could reply.
    const wanted = isWhole(world, story) && !(story.paused && story.over?.error !== undefined)
    // Nor, optionally, for a promised reply.
    if (story.promisedAtEnd && story.limits.closeOnBreak) return undefined
    if (!wanted || story.delivered === story.arrived) return undefined
    return `connection ${story.id} got ${story.delivered} of ${story.arrived} bytes before its end`
  },
}

/** Waits to be handed over: what its peer sends meanwhile belongs to the next owner, and stays in transit. */
function isDetaching(world: World, { closing, thrown, left }: Story): boolean {
  const { detached, closed } = world.plan.handlers
  // Without `closed` no one knows whether it is still waiting.
  return closing === Action.Detach && detached && closed && thrown.length === 0 && left === undefined
}

function takesTooMuch(world: World, story: Story): string | undefined {
  const taken = story.arrived - story.arrivedBefore
  const most = world.plan.simulation.receiveBuffer + (story.layer === undefined ? 0 : LAYER)
  return taken <= most
    ? undefined
    : `${taken} bytes were taken from connection ${story.id}, whose Detach waits`
}

function isUnwanted(world: World, { input }: Event, story: Story): string | undefined {
  if (story.closing !== undefined) return 'after Close or Detach'
  if (story.thrown.length > 0) return 'after a handler threw'
  // A broken connection may still get a wake that was requested before.
  if (story.denied && !story.fragile) return 'after a call was told that it is not open'
  if (story.busy) return 'while a reply is promised'
  if (input !== null && story.endTold) return 'after ended'
  if (input === null) return undefined
  if (world.shutdown !== undefined) return 'after shutdown'
  if (story.paused) return 'while it is paused'
  // Output since the last write attempt does not count as unsent before the next one.
  const { remaining, limits, left, fragile } = story
  // After a break, by the peer or the layer, there is no output any more.
  if (remaining <= limits.highWaterMark || left !== undefined || fragile) return undefined
  return `with ${remaining} bytes unsent, above the mark of ${limits.highWaterMark}`
}

/** The owner of a detached socket has read what the handlers did not get, or its beginning if it broke. */
function ownerMisses(story: Story): string | undefined {
  if (story.script.detached.fault === true) return undefined
  const read = Buffer.concat(story.socketRead)
  const rest = story.arrived - story.delivered
  const whom = `the owner of what was connection ${story.id}`
  if (read.length > rest || !streamBytes(story.number, story.delivered, read.length).equals(read)) {
    return `${whom} read ${read.length} bytes that are not the ${rest} left of it`
  }
  return read.length === rest || story.left !== undefined
    ? undefined
    : `${whom} read ${read.length} of ${rest} bytes`
}

/** It ended only because of its peer: then none of the received input may be missing. */
function isWhole(world: World, story: Story): boolean {
  const { over } = story
  if (over?.how !== 'closed' || story.fragile || !world.plan.handlers.data || !world.plan.handlers.opened)
    return false
  if (story.asked || story.thrown.length > 0 || story.dialled?.reachable === false) return false
  if (world.shutdown !== undefined && world.shutdown.at <= over.at) return false
  if (over.error === undefined) return true
  // A stream around the wire may discard its content when the wire fails.
  if (story.script.layer?.kind === 'duplex') return false
  return story.limits.idleTimeout === 0 && ['ECONNRESET', 'EPIPE'].includes(codeOf(over.error))
}
