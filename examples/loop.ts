import type { Events, LoopStart } from 'revio'
import { tellMemory } from './dashboard/memory.js'
import { INTERVAL } from './dashboard/sampler.js'
import { readOptions } from './options.js'
import type { Program, Work } from './program.js'

/** Each loop of `--loops N` loads this module: it creates the handlers of the example. */
export default async function handlers({ index, workerData }: LoopStart<Work>): Promise<Events<unknown>> {
  const { program } = (await import(workerData.module)) as { program: Program<unknown> }
  const chosen = readOptions(workerData.args, program)
  if (chosen === undefined) throw new Error('unexpected --help')
  if (chosen.dashboard !== undefined) tellMemory(index, INTERVAL)
  return program.events(chosen)
}
