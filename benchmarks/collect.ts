import { setTimeout as sleep } from 'node:timers/promises'
import { built } from './paths.js'
import type { Rival, Target } from './plan.js'

/** Milliseconds after which an unused server is idle. */
const REST = 500

/** Names of the rivals that run on Node.js and can therefore collect garbage on request. */
const collectors = new Set<string>()

/**
 * The same rival, able to collect garbage on request: a connection or a key does not need the garbage that V8 has not
 * collected yet.
 */
export function collecting(rival: Rival): Rival {
  const command = async (port: number) => {
    const command = await rival.command(port)
    if (command.file !== process.execPath) return command
    collectors.add(rival.name)
    return { ...command, args: ['--import', built('benchmarks/servers/collect.js'), ...command.args] }
  }
  return { ...rival, command }
}

/** Waits until a server is idle, and makes it collect garbage if it can. */
export async function collect({ name, pid }: Target): Promise<void> {
  if (collectors.has(name)) process.kill(pid, 'SIGUSR2')
  await rest()
}

export async function rest(): Promise<void> {
  await sleep(REST)
}
