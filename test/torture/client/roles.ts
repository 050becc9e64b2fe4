import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientTask, Role } from '../messages.js'
import type { Mode } from '../wire.js'
import { behaviours } from './behaviours.js'
import type { Conversations } from './conversations.js'
import { Storm } from './storm.js'
import type { WaitCounter } from './waits.js'

export interface RoleOptions {
  readonly task: ClientTask
  readonly conversations: Conversations
  /** Where waits are counted. */
  readonly waits: WaitCounter | undefined
  readonly isStopped: () => boolean
}

/** What a client process does until it is stopped. */
export const roles: Record<Role, (options: RoleOptions) => Promise<void>> = {
  steady: each(steady),
  rough: each(rough),
  storm,
  short: each(short),
}

/** Runs as many at once as the task says. */
function each(run: (options: RoleOptions, slot: number) => Promise<void>) {
  return async (options: RoleOptions): Promise<void> => {
    await Promise.all(Array.from({ length: options.task.connections }, (_, slot) => run(options, slot)))
  }
}

const PROMPT: readonly Mode[] = ['plain', 'copy', 'list', 'wake']

/** Well-behaved: one connection that sends a request, waits for the reply, and repeats. Measures the wait. */
async function steady({ conversations, waits, isStopped }: RoleOptions, slot: number): Promise<void> {
  const mode = PROMPT[slot % PROMPT.length] ?? 'plain'
  const door = slot % 3 === 0 ? 'unix' : 'tcp'
  await sleep(conversations.random.below(50))
  await conversations.hold({ behaviour: 'steady', door, mode, amount: 0 }, async (peer, random) => {
    peer.introduce()
    await peer.connected()
    while (!isStopped() && !peer.isOver && !peer.ended) {
      peer.send(random.between(16, 1024))
      const since = performance.now()
      await peer.echoed()
      if (!peer.isOver) waits?.answered(since)
      await sleep(random.between(10, 60))
    }
    peer.whole = !peer.ended
    peer.finish()
  })
}

const WEIGHTS = Object.fromEntries(Object.entries(behaviours).map(([name, { weight }]) => [name, weight]))

/** One conversation after another, in any of the behaviours. */
async function rough({ conversations, isStopped }: RoleOptions): Promise<void> {
  const { random } = conversations
  await sleep(random.below(300))
  while (!isStopped()) {
    const name = random.weighed(WEIGHTS)
    const behaviour = behaviours[name]
    if (behaviour === undefined) throw new Error(`there is no behaviour ${name}`)
    const amount = behaviour.amount?.(random) ?? 0
    const opening = {
      behaviour: name,
      door: random.pick(behaviour.doors),
      mode: random.pick(behaviour.modes),
      amount,
      nameless: name === 'knock',
    }
    await conversations.hold(opening, (peer, own) => behaviour.act(peer, own, amount))
    await sleep(random.below(400))
  }
}

/** Milliseconds between two storms. */
const LULL = 1000

async function storm({ task, conversations, waits, isStopped }: RoleOptions): Promise<void> {
  const storm = new Storm(conversations, waits)
  while (!isStopped()) {
    await storm.rage(task.connections)
    for (let left = LULL; left > 0 && !isStopped(); left -= 50) await sleep(50)
  }
}

/** Loopback addresses that connections come from in turn, so that ports in TIME_WAIT do not run out. */
const SOURCES = 64

/** Many connections with one request each. */
async function short({ task, conversations, isStopped }: RoleOptions): Promise<void> {
  const { random } = conversations
  while (!isStopped() && conversations.count < task.total) {
    const door = random.percent(50) ? 'unix' : 'tcp'
    const mode = random.percent(10) ? 'close' : 'plain'
    const source = { localAddress: `127.0.0.${2 + (conversations.count % SOURCES)}` }
    const opening = {
      behaviour: 'short',
      door,
      mode,
      amount: 0,
      ...(process.platform === 'linux' ? source : {}),
    } as const
    await conversations.hold(opening, async (peer, own) => {
      peer.whole = mode !== 'close'
      peer.introduce()
      peer.send(own.between(1, 512))
      await peer.echoed()
      if (own.percent(5)) peer.reset()
      else peer.finish()
    })
  }
}
