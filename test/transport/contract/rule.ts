import type { Test } from 'tap'
import type { World } from '../world.js'

/** One rule of the contract: a test over any world. */
export type Rule = (t: Test, world: World) => Promise<void>

/** Rules by their titles. */
export type Rules = Readonly<Record<string, Rule>>
