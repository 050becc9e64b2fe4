import type { Test } from 'tap'
import { MemoryWorld } from './memory-world.js'
import { nativeMissing } from './native/missing.js'
import { SocketWorld } from './socket-world.js'
import type { World } from './world.js'

/**
 * Runs a test over TCP on both transports and in a simulation, because a program must see the same on each. `real`:
 * not in a simulation, which does not come to rest while a connection wakes itself.
 */
export async function onEvery(
  t: Test,
  name: string,
  run: (t: Test, world: World) => Promise<void>,
  { real = false } = {},
): Promise<void> {
  const missing = nativeMissing()
  const worlds: Readonly<Record<World['transport'], () => World>> = {
    net: () => new SocketWorld('net', 'tcp4'),
    native: () => new SocketWorld('native', 'tcp4'),
    memory: () => new MemoryWorld('tcp4'),
  }
  for (const [transport, makeWorld] of Object.entries(worlds)) {
    const title = `${name}, on ${transport}`
    if (transport === 'memory' && real) continue
    if (transport === 'native' && missing !== undefined) t.pass(title, { skip: missing })
    else await t.test(title, t => inWorld(t, makeWorld(), run))
  }
}

async function inWorld(t: Test, world: World, run: (t: Test, world: World) => Promise<void>): Promise<void> {
  try {
    await run(t, world)
  } finally {
    t.strictSame(await world.end(), [], 'events came in order')
  }
}
