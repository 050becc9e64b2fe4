import type { Plan } from './plan.js'

/** Returns whether a plan still fails in the same way. */
export type Fails = (plan: Plan) => Promise<boolean>

/**
 * Reduces a failing plan as long as it still fails: removes operations in ever smaller runs, then reactions of
 * handlers.
 */
export async function shrink(plan: Plan, fails: Fails): Promise<Plan> {
  let best = plan
  for (let again = true; again; ) {
    const before = JSON.stringify(best)
    best = await fewer(best, fails)
    best = await plainer(best, fails)
    again = JSON.stringify(best) !== before
  }
  return best
}

/** Removes operations: half of them, a quarter, … one at a time. */
async function fewer(plan: Plan, fails: Fails): Promise<Plan> {
  let best = plan
  for (let run = Math.ceil(best.operations.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let at = 0; at < best.operations.length; ) {
      const operations = best.operations.toSpliced(at, run)
      const candidate = { ...best, operations }
      if (await fails(candidate)) best = candidate
      else at += run
    }
  }
  return best
}

/** Tries every simpler form of what is left, one at a time. */
async function plainer(plan: Plan, fails: Fails): Promise<Plan> {
  let best = plan
  for (let at = 0; ; at += 1) {
    const candidate = simplifications(best)[at]
    if (candidate === undefined) return best
    if (!(await fails(candidate))) continue
    best = candidate
    at -= 1
  }
}

function simplifications(plan: Plan): Plan[] {
  const plans: Plan[] = []
  const { simulation, operations, scripts } = plan
  if (simulation.latency > 0) plans.push({ ...plan, simulation: { ...simulation, latency: 0 } })
  if (simulation.maxConnections !== undefined) {
    plans.push({ ...plan, simulation: { ...simulation, maxConnections: undefined } })
  }
  if (Object.keys(plan.serving).length > 0) plans.push({ ...plan, serving: {} })
  if (plan.ticks.length > 0) plans.push({ ...plan, ticks: plan.ticks.slice(0, -1) })
  operations.forEach((operation, index) => {
    if (operation.steps !== -1)
      plans.push({ ...plan, operations: operations.with(index, { ...operation, steps: -1 }) })
    if (operation.do === 'send' && operation.size > 1) {
      plans.push({ ...plan, operations: operations.with(index, { ...operation, size: operation.size >> 1 }) })
    }
  })
  scripts.forEach((script, index) => {
    for (const simpler of simplerScripts(script))
      plans.push({ ...plan, scripts: scripts.with(index, simpler) })
  })
  return plans
}

type Script = Plan['scripts'][number]

function simplerScripts(script: Script): Script[] {
  const simpler: Script[] = []
  for (const name of ['data', 'prewrite', 'postwrite', 'sent'] as const) {
    const reactions = script[name]
    if (reactions.length > 0) simpler.push({ ...script, [name]: reactions.slice(0, -1) })
    reactions.forEach((reaction, index) => {
      for (const key of Object.keys(reaction)) {
        const { [key as 'out']: _, ...rest } = reaction
        simpler.push({ ...script, [name]: reactions.with(index, rest) })
      }
    })
  }
  for (const name of ['opened', 'ended', 'closed', 'detached'] as const) {
    if (Object.keys(script[name]).length > 0) simpler.push({ ...script, [name]: {} })
  }
  for (const key of ['wakes', 'congested', 'layer', 'after'] as const) {
    if (script[key] === undefined) continue
    const { [key]: _, ...rest } = script
    simpler.push(rest)
  }
  for (const key of Object.keys(script.options ?? {})) {
    const { [key as 'paused']: _, ...rest } = script.options ?? {}
    simpler.push({ ...script, options: rest })
  }
  return simpler
}
