import type { Step, Transcript } from './transcript.js'

/** Reduces a failing transcript: fewer commands, fewer arguments. */
export async function shrink(
  transcript: Transcript,
  fails: (candidate: Transcript) => Promise<boolean>,
): Promise<Transcript> {
  const failing = (steps: readonly Step[]) => fails({ ...transcript, steps })
  let steps = await fewer(transcript.steps, failing)
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at] as Step
    const args = await fewer(step.args, shorter => failing(steps.with(at, { ...step, args: shorter })))
    if (args.length > 0) steps = steps.with(at, { ...step, args })
  }
  return { ...transcript, steps }
}

/** Removes items: half of them, a quarter, … one at a time. */
async function fewer<T>(items: readonly T[], fails: (fewer: T[]) => Promise<boolean>): Promise<readonly T[]> {
  let best = items
  for (let run = Math.ceil(best.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let at = 0; at < best.length; ) {
      const candidate = best.toSpliced(at, run)
      if (candidate.length > 0 && (await fails(candidate))) best = candidate
      else at += run
    }
  }
  return best
}
