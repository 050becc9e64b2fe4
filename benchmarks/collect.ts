import { setTimeout as sleep } from 'node:timers/promises'
import { built } from './paths.js'
import type { Rival, Target } from './plan.js'

/** Milliseconds in which a server that is left alone comes to rest. */
const REST = 500

/** Names of the rivals that run on Node.js: those can be asked to collect their garbage. */
const collectors = new Set<string>()

/** The same rival, able to be asked: garbage that V8 has not collected yet is not what a connection or a key needs. */
export function collecting(rival: Rival): Rival {
  const command = async (port: number) => {
    const command = await rival.command(port)
    if (command.file !== process.execPath) return command
    collectors.add(rival.name)
    return { ...command, args: ['--import', built('benchmarks/servers/collect.js'), ...command.args] }
  }
  return { ...rival, command }
}

/** Lets a server come to rest, its garbage collected where it has any. */
export async function collect({ name, pid }: Target): Promise<void> {
  if (collectors.has(name)) process.kill(pid, 'SIGUSR2')
  await rest()
}

export async function rest(): Promise<void> {
  await sleep(REST)
}
