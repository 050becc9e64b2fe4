import { once } from 'node:events'
import * as net from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { bindings } from './contract/bindings.js'
import { closing } from './contract/closing.js'
import { detaching } from './contract/detaching.js'
import { dials } from './contract/dials.js'
import { endings } from './contract/endings.js'
import { endpoints } from './contract/endpoints.js'
import { files } from './contract/files.js'
import { halfOpenness } from './contract/half-open.js'
import { handlers } from './contract/handlers.js'
import { identity } from './contract/identity.js'
import { limits } from './contract/limits.js'
import { liveness } from './contract/liveness.js'
import { order } from './contract/order.js'
import { promises } from './contract/promises.js'
import { receipts } from './contract/receipts.js'
import { replies } from './contract/replies.js'
import { resets } from './contract/resets.js'
import type { Rules } from './contract/rule.js'
import { shape } from './contract/shape.js'
import { shutdown } from './contract/shutdown.js'
import { switching } from './contract/switching.js'
import { throwing } from './contract/throwing.js'
import { times } from './contract/times.js'
import { turns } from './contract/turns.js'
import { openDescriptors } from './descriptors.js'
import type { World } from './world.js'

const sections: Readonly<Record<string, Rules>> = {
  shape,
  order,
  turns,
  replies,
  closing,
  detaching,
  shutdown,
  promises,
  throwing,
  receipts,
  files,
  halfOpenness,
  resets,
  limits,
  endings,
  dials,
  bindings,
  identity,
  liveness,
  handlers,
  switching,
  times,
  endpoints,
}

/** Tests every rule of the contract in the worlds that `makeWorld` makes, a new one for each. */
export async function contract(t: Test, makeWorld: () => World): Promise<void> {
  const { title, network } = makeWorld()
  if (network === 'tcp6' && !hasIPv6()) return void t.pass(title, { skip: 'this machine has no ::1' })
  for (const [section, rules] of Object.entries(sections)) {
    await t.test(`${title}: ${section}`, t => trySection(t, rules, makeWorld))
  }
}

/** Tests the rules of one section, and that they leak no descriptor. */
export async function trySection(t: Test, rules: Rules, makeWorld: () => World): Promise<void> {
  await warmUp(makeWorld)
  const before = openDescriptors()
  for (const [name, rule] of Object.entries(rules)) {
    await t.test(name, async t => {
      const world = makeWorld()
      try {
        await rule(t, world)
      } finally {
        t.strictSame(await world.end(), [], 'events came in order')
      }
    })
  }
  await descriptorsBack(before)
  t.equal(openDescriptors(), before, 'no descriptor is left')
}

/** Opens what a process opens once and keeps, for its event loop and its threads, before anything is counted. */
async function warmUp(makeWorld: () => World): Promise<void> {
  // libuv keeps a spare descriptor from the first stream on; a world in memory has none.
  const listener = net.createServer().listen(0)
  await once(listener, 'listening')
  listener.close()
  const world = makeWorld()
  const { server } = await world.serve({ opened: () => ['hello'] })
  const peer = world.connect(server)
  await world.until('a connection', () => peer.received === 'hello')
  await world.end()
}

/** Descriptors of destroyed sockets are closed a little later. */
async function descriptorsBack(before: number | undefined): Promise<void> {
  for (let tries = 0; tries < 1000 && openDescriptors() !== before; tries += 1) await sleep(1)
}

function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some(found => found?.some(({ address }) => address === '::1'))
}
