import type { Test } from 'tap'
import type { World } from '../world.js'

/** One rule of the contract: a test over any world. */
export type Rule = (t: Test, world: World) => Promise<void>

/** Rules by what they say. */
export type Rules = Readonly<Record<string, Rule>>
