import { generate } from './generate.js'
import { report } from './report.js'
import { run } from './run.js'
import { shrink } from './shrink.js'
import type { World } from './world.js'

/** Runs this many seeds from `first` on; returns the first that fails, in its shortest form, or undefined. */
export async function search(
  first: number,
  count: number,
  progress: (done: number) => void = () => {},
): Promise<string | undefined> {
  for (let done = 0; done < count; done += 1) {
    const plan = generate(first + done)
    const world = await run(plan)
    if (world.violation !== undefined) return report(await shortest(world))
    progress(done + 1)
  }
  return undefined
}

/** Shrinks the failure. */
async function shortest(world: World): Promise<World> {
  const rule = world.violation?.rule
  const plan = await shrink(world.plan, async candidate => (await run(candidate)).violation?.rule === rule)
  return run(plan)
}
