import { spawnSync } from 'node:child_process'
import t from 'tap'
import { built } from '../paths.js'
import { generate } from './generate.js'
import type { Plan } from './plan.js'
import { report } from './report.js'
import { rules } from './rules/all.js'
import { run } from './run.js'
import { search } from './search.js'
import { shrink } from './shrink.js'

const program = built('test/simulate/main.js')

t.test('every rule holds for the first 1,000 seeds', async t => {
  let runs = 0
  const failure = await search(1, 1000, done => {
    runs = done
  })
  t.equal(failure, undefined)
  t.equal(runs, 1000)
})

t.test('a seed gives the same history every time', async t => {
  for (const seed of [7, 8, 9]) {
    t.strictSame(
      (await run(generate(seed))).history.map(String),
      (await run(generate(seed))).history.map(String),
    )
  }
})

t.test('each handler, operation and action is used by some of the seeds', async t => {
  const seen = new Set<string>()
  for (let seed = 1; seed <= 300; seed++) {
    for (const [, what] of (await run(generate(seed))).history) seen.add(String(what))
  }
  const handlers = [
    'serving',
    'opened',
    'data',
    'ended',
    'closed',
    'detached',
    'prewrite',
    'postwrite',
    'sent',
    'tick',
  ]
  const calls = [
    'server.send',
    'server.wake',
    'server.pause',
    'server.resume',
    'server.shutdown',
    'server.dial',
    'server.attach',
  ]
  for (const name of [...handlers, ...calls, 'settle', 'stall', 'advance']) t.ok(seen.has(name), name)
})

t.test('a rule that does not hold is told, with the seed, the plan and what happened', async t => {
  const world = await run({ ...generate(11), operations: [], ending: 'sudden' })
  const [story] = world.stories
  if (story === undefined) throw new Error('a plan has at least one peer')
  story.id = 5
  story.opened = true
  story.over = { how: 'closed', error: undefined, at: 0 }
  const event = { name: 'data', id: 5, story, at: 0, input: Buffer.from('x'), context: undefined } as const
  world.outcome = undefined
  world.ask(rule => rule.event?.(world, event))
  t.match(world.violation, { rule: 'order', what: 'data for connection 5 after it was closed' })
  t.match(report(world), /^seed 11 violates order: data for connection 5 after it was closed\n/)
})

t.test('every rule has a name of its own', async t => {
  t.equal(new Set(rules.map(rule => rule.name)).size, rules.length)
})

t.test('shrinking leaves what makes a plan fail, and little else', async t => {
  const resets = (plan: Plan) => plan.operations.filter(operation => operation.do === 'reset').length
  const fails = async (plan: Plan) => resets(plan) > 0
  let seed = 1
  while (resets(generate(seed)) < 2) seed++
  const shrunk = await shrink(generate(seed), fails)
  t.match(shrunk.operations, [{ do: 'reset', steps: -1 }])
  t.equal(shrunk.operations.length, 1)
  for (const { data, opened, options } of shrunk.scripts) {
    t.strictSame([data, opened, options ?? {}], [[], {}, {}])
  }
})

t.test('the program runs seeds, replays one, and names an argument that is wrong', async t => {
  const simulate = (...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  const some = simulate('--seeds', '20', '--from', '100')
  t.equal(some.stdout, '20 seeds from 100 on: every rule held\n')
  t.match(some.stderr, /20 of 20 seeds, \d+ a second/)
  t.equal(some.status, 0)
  const one = simulate('--seed', '100')
  t.match(one.stdout, /^seed 100: no rule was violated\n\nplan\n(.*\n)+\nwhat happened\n/)
  t.equal(one.status, 0)
  t.match(simulate('--seeds', 'many'), {
    status: 2,
    stderr: /^--seeds many: a whole number from 0 is needed\n/,
  })
  t.match(simulate('--speed'), { status: 2, stderr: /--speed/ })
})
