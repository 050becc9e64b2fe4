import t, { type Test } from 'tap'
import type { Bench } from '../../benchmarks/bench.js'
import { connections } from '../../benchmarks/benches/connections.js'
import { proxy } from '../../benchmarks/benches/proxy.js'
import type { Row } from '../../benchmarks/plan.js'
import { gcc, isInstalled } from '../../benchmarks/programs.js'
import { run } from '../../benchmarks/run.js'

const skip =
  process.platform !== 'linux' ? 'it reads /proc' : !isInstalled(gcc) && 'gcc is not installed (Debian: gcc)'
const silent = { status: () => {}, done: () => {}, line: () => {}, end: () => {} }

/** One short round; every figure of every row has to be a number. */
async function measured(t: Test, bench: Bench, given: Record<string, string>): Promise<readonly Row[]> {
  const plan = await bench.plan(new Map(Object.entries({ rounds: '1', seconds: '0.02', ...given })))
  const { rows, failed, skipped } = await run(plan, silent)
  t.same({ failed, skipped }, { failed: [], skipped: [] })
  for (const { samples } of rows) {
    t.equal(samples.length, 1)
    for (const { key } of plan.metrics) t.ok(Number.isFinite(samples[0]?.[key]), key)
  }
  return rows
}

t.test('connections are made, few at a time, all at once, and held', { skip }, async t => {
  const rows = await measured(t, connections, { connections: '100', servers: 'revio-2-loops' })
  t.same(
    rows.map(({ group }) => group),
    ['64 at a time', 'all at once', 'held, traffic on 1 %'],
  )
})

t.test('messages pass through a proxy and come back', { skip }, async t => {
  const rows = await measured(t, proxy, { connections: '2', size: '64', 'in-flight': '2', servers: 'revio' })
  t.same(
    rows.map(({ server }) => server),
    ['revio'],
  )
})
