import { streamBytes } from './bytes.js'
import { masked } from './layer.js'
import type { Operation, Plan } from './plan.js'
import type { Story } from './story.js'
import { World } from './world.js'

/** Turns of the loop that a run may take to come to rest while latency delays bytes. */
const PATIENCE = 300

/** How often handlers that wake their own connection do so after each operation. */
const RESTLESS = 10

/** Longer than any timeout of a plan and its consequences, with the usual `writeTimeout` of 30 seconds. */
const LONG = 40_000

/** Runs a plan; the world's `violation` tells whether a rule was violated. */
export async function run(plan: Plan): Promise<World> {
  const world = new World(plan)
  try {
    for (const operation of plan.operations) {
      if (world.violation !== undefined) return world
      await operate(world, operation)
    }
    if (world.violation === undefined) await end(world)
  } catch (error) {
    world.violation ??= {
      rule: 'no exception',
      what: error instanceof Error ? String(error.stack) : String(error),
    }
  }
  return world
}

async function operate(world: World, operation: Operation): Promise<void> {
  for (const story of world.stories) story.restless = RESTLESS
  await perform(world, operation)
  if (operation.steps < 0) await world.rest()
  else for (let left = operation.steps; left > 0 && world.step(); left -= 1);
  if (operation.steps >= 0) await world.breathe()
  look(world, operation.steps < 0 || !world.streams)
}

/** Checks the rules between two operations. */
function look(world: World, resting = true): void {
  world.identify()
  world.ask(rule => rule.meanwhile?.(world))
  for (const story of world.stories) world.ask(rule => rule.between?.(world, story))
  if (!resting || world.simulation.left.steps > 0 || world.plan.simulation.latency > 0) return
  for (const story of world.stories) world.ask(rule => rule.rest?.(world, story))
}

async function perform(world: World, operation: Operation): Promise<void> {
  if (operation.do === 'advance') return advance(world, operation.ms)
  if (operation.do === 'call') return world.call(operation.call)
  const story = world.stories[operation.peer]
  if (story === undefined) return
  story.activeAt = world.now
  if (operation.do === 'connect') return connect(world, story, operation)
  if (operation.do === 'settle') return settle(world, story)
  steer(world, story, operation)
}

async function advance(world: World, ms: number): Promise<void> {
  world.note('advance', ms)
  // Everything possible at this moment happens before time passes.
  await world.rest()
  const { now } = world
  for (const story of world.stories) story.watch(now)
  world.simulation.advance(ms)
  // Input read meanwhile was read no earlier than this.
  for (const story of world.stories) story.watch(now)
  world.stalled = false
}

function connect(
  world: World,
  story: Story,
  { paused, allowHalfOpen, address }: Extract<Operation, { do: 'connect' }>,
): void {
  if (story.peer !== undefined || story.dialled !== undefined) return
  world.note(`peer ${story.number}`, 'connects', paused ? 'paused' : '')
  story.late = world.shutdown !== undefined && world.simulation.left.steps === 0
  story.address = address
  story.reading = !paused
  story.answersEnd = !allowHalfOpen
  story.mask = story.script.layer?.mask ?? 0
  story.peer = world.simulation.connect({ addressIndex: address, paused, allowHalfOpen })
}

/** Settles the oldest promised reply. */
async function settle(world: World, story: Story): Promise<void> {
  const promised = story.promises.shift()
  if (promised === undefined) return
  const { reaction, resolve, reject } = promised
  world.note('settle', story.id, reaction)
  // A program without `closed` isn't told that its connection timed out; the reply has no effect all the same.
  const over = story.over !== undefined || world.server.info(story.id) === undefined
  if (reaction.fault) {
    const fault = new Error(`planned rejection ${world.faults.length + 1}`)
    world.faults.push(fault)
    if (!over) story.thrown.push(fault)
    reject(fault)
  } else if (!over) {
    const reply = world.reply(story, reaction, undefined, true)
    world.act(story, reaction.action)
    resolve(reply)
  } else resolve(undefined)
  for (let left = 4; left > 0; left -= 1) await undefined
}

/** An action of the peer; nothing if the peer can't act any more. */
function steer(world: World, story: Story, operation: Extract<Operation, { peer: number }>): void {
  const { peer } = story
  if (peer === undefined || peer.closed || story.left !== undefined) return
  const whom = `peer ${story.number}`
  if (operation.do === 'send') {
    if (story.ended || peer.ended) return
    world.note(whom, 'sends', operation.size)
    story.sentAt = world.now
    send(story, operation.size)
  } else if (operation.do === 'go') {
    world.note(whom, 'reads', operation.bytes ?? 'on')
    story.reading = operation.bytes === undefined
    peer.resume(operation.bytes)
  } else if (operation.do === 'stop') {
    world.note(whom, 'stops reading')
    story.reading = false
    peer.pause()
  } else if (operation.do === 'end') {
    world.note(whom, 'ends')
    story.ended = true
    peer.end()
  } else if (operation.do === 'close' || operation.do === 'reset') {
    world.note(whom, operation.do === 'close' ? 'closes' : 'resets')
    story.left = operation.do
    peer[operation.do]()
  }
}

function send(story: Story, size: number): void {
  const bytes = streamBytes(story.number, story.sent, size)
  story.sent += size
  story.peer?.send(masked(bytes, story.mask))
}

/**
 * Lets everything continue and come to rest if the plan wants that, then ends the loop and checks for the last time.
 */
async function end(world: World): Promise<void> {
  if (world.plan.ending === 'calm') await calm(world)
  if (world.plan.ending === 'patient') await wait(world)
  if (world.violation !== undefined) return
  if (world.shutdown === undefined) world.call({ call: 'shutdown', timeout: 1000 })
  await untangle(world)
  await advance(world, (world.shutdown?.timeout ?? 0) + 1)
  await world.rest()
  look(world)
  for (const story of world.stories) while (story.busy) await settle(world, story)
  for (const { peer } of world.stories) if (peer !== undefined && !peer.closed) peer.resume()
  await untangle(world)
  for (const { peer } of world.stories) if (peer !== undefined && !peer.closed) peer.end()
  for (const { socket } of world.stories) socket?.end()
  // What was detached with a layer ends one stream after another.
  for (let round = 0; round < 4; round += 1) {
    await advance(world, 2500)
    await untangle(world)
  }
  for (const story of world.stories) world.ask(rule => rule.end?.(world, story))
  world.ask(rule => rule.over?.(world))
}

/** Runs to rest, with the effects of promises and sockets in between. */
async function untangle(world: World): Promise<void> {
  await world.rest()
  for (let left = 4; left > 0; left -= 1) await undefined
  world.run()
  if (!world.stories.some(({ socket }) => socket !== undefined)) return
  for (let before = -1; before !== world.owned; ) {
    before = world.owned
    for (let left = 3; left > 0; left -= 1) {
      await new Promise(resolve => setImmediate(resolve))
      world.run()
    }
  }
}

/** No one acts any more: what should end, ends by itself. */
async function wait(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    for (const story of world.stories) {
      story.restless = RESTLESS
      while (story.promises.length > 0) await settle(world, story)
    }
    if (!(await rest(world))) return
    const before = world.events - world.tick.calls
    await advance(world, LONG)
    await world.rest()
    // The consequences may have begun at its end.
    if (world.events - world.tick.calls === before && !world.stories.some(story => story.busy)) break
  }
  for (const story of world.stories) if (!story.busy) world.ask(rule => rule.waited?.(world, story))
}

async function calm(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    for (const story of world.stories) {
      while (story.promises.length > 0) await settle(world, story)
      if (story.paused && story.open && world.shutdown === undefined) {
        world.call({ call: 'resume', peer: story.number })
      }
      if (story.peer === undefined || story.peer.closed || story.reading) continue
      story.reading = true
      story.peer.resume()
    }
    if (!(await rest(world))) return
    if (!world.stories.some(story => story.busy)) break
  }
  for (const story of world.stories) {
    world.ask(rule => rule.between?.(world, story))
    world.ask(rule => rule.rest?.(world, story))
  }
}

/** Runs until nothing moves any more, and lets latency pass if there is any; false if that takes too long. */
async function rest(world: World): Promise<boolean> {
  await world.rest()
  const { latency } = world.plan.simulation
  if (latency === 0) return true
  for (let left = PATIENCE, still = 0; left > 0; left -= 1) {
    const before = traffic(world)
    await advance(world, 2 * latency)
    still = traffic(world) === before ? still + 1 : 0
    if (still === 3) return true
  }
  return false
}

/** A figure that changes when anything moves in either direction. */
function traffic(world: World): string {
  const { events, stories } = world
  const moved = stories.map(
    ({ id, peer }) => `${peer?.unsent},${peer?.receivedBytes.length},${world.server.pending(id)}`,
  )
  return `${events} ${moved.join(' ')}`
}
