import type { Plan } from './plan.js'
import type { World } from './world.js'

/** The report of a failed run: the rule, the plan, and what happened. */
export function report(world: World): string {
  const { plan, violation } = world
  return [
    violation === undefined
      ? `seed ${plan.seed}: no rule was violated`
      : `seed ${plan.seed} violates ${violation.rule}: ${violation.what}`,
    '',
    'plan',
    ...planLines(plan),
    '',
    'what happened',
    ...world.history.map(([at, ...what]) => `  ${String(at).padStart(8)} ms  ${what.map(show).join(' ')}`),
  ].join('\n')
}

function planLines(plan: Plan): string[] {
  const absent = Object.entries(plan.handlers).filter(([, has]) => !has)
  return [
    `  simulation ${show(plan.simulation)}`,
    `  without ${absent.map(([name]) => name).join(', ') || 'none'} of the handlers`,
    ...(Object.keys(plan.serving).length > 0 ? [`  serving ${show(plan.serving)}`] : []),
    ...(plan.ticks.length > 0 ? [`  ticks ${show(plan.ticks)}`] : []),
    ...plan.scripts.flatMap((script, peer) => scriptLines(script, peer)),
    ...plan.operations.map((operation, index) => `  ${String(index + 1).padStart(2)} ${show(operation)}`),
    `  ${plan.ending} end`,
  ]
}

function scriptLines(script: Plan['scripts'][number], peer: number): string[] {
  return Object.entries(script)
    .filter(([, value]) => value !== undefined && Object.keys(value).length > 0)
    .map(([name, value]) => `  connection of peer ${peer}: ${name} ${show(value)}`)
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
