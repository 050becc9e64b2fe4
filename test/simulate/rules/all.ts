import type { Rule } from '../rule.js'
import { calls } from './calls.js'
import { endings } from './endings.js'
import { input } from './input.js'
import { liveness } from './liveness.js'
import { order } from './order.js'
import { output } from './output.js'
import { shutdown } from './shutdown.js'
import { times } from './times.js'
import { tokens } from './tokens.js'
import { turns } from './turns.js'
import { writes } from './writes.js'

/** All rules, in the order in which they are checked. */
export const rules: readonly Rule[] = [
  order,
  calls,
  input,
  output,
  writes,
  turns,
  tokens,
  endings,
  times,
  liveness,
  shutdown,
]
