import { type Difference, firstDifference } from './compare.js'
import { generate } from './generate.js'
import { play } from './session.js'
import { shrink } from './shrink.js'
import { quote, type Transcript, textOf } from './transcript.js'

/** The addresses of the two servers. */
export interface Pair {
  redis: string
  clone: string
}

/** Runs one transcript on both servers; returns the first difference. */
export async function differ(
  { redis, clone }: Pair,
  transcript: Transcript,
): Promise<Difference | undefined> {
  const [expected, actual] = await Promise.all([play(redis, transcript), play(clone, transcript)])
  return firstDifference(expected, actual)
}

export interface Finding {
  seed: number
  difference: Difference
  transcript: Transcript
}

/** Searches for a difference from a seed, and for the shortest transcript with a difference in the same command. */
export async function examine(
  pair: Pair,
  seed: number,
  names?: readonly string[],
): Promise<Finding | undefined> {
  const whole = generate(seed, names)
  const found = await differ(pair, whole).catch(error => {
    throw new Error(`seed ${seed}: ${error.message}`)
  })
  if (found === undefined) return undefined
  const transcript = await shrink(whole, async candidate => {
    const other = await differ(pair, candidate)
    return other !== undefined && other.args[0]?.toLowerCase() === found.args[0]?.toLowerCase()
  })
  const difference = await differ(pair, transcript)
  // A difference that does not recur depends on timing; it is reported as found.
  if (difference === undefined) return { seed, difference: found, transcript: whole }
  return { seed, difference, transcript }
}

export function report({ seed, difference, transcript }: Finding): string {
  const { args, expected, actual } = difference
  return [
    `seed ${seed}: ${args.map(quote).join(' ')}`,
    textOf(transcript),
    `  redis-server: ${expected}`,
    `  the clone:    ${actual}`,
  ].join('\n')
}
