import t from 'tap'
import type { Bench } from '../../benchmarks/bench.js'
import { connections } from '../../benchmarks/benches/connections.js'
import { loops } from '../../benchmarks/benches/loops.js'
import { proxy } from '../../benchmarks/benches/proxy.js'
import type { Sample } from '../../benchmarks/plan.js'
import { gcc, isInstalled } from '../../benchmarks/programs.js'
import { start } from '../../benchmarks/server.js'

const skip =
  process.platform !== 'linux' ? 'it reads /proc' : !isInstalled(gcc) && 'gcc is not installed (Debian: gcc)'

/** What one server does in all trials of a bench, without a warm-up; rejects where a byte is wrong. */
async function measured(bench: Bench, server: string, given: Record<string, string>): Promise<Sample[]> {
  const plan = await bench.plan(new Map(Object.entries(given)))
  const rival = plan.rivals.find(({ name }) => name === server)
  if (rival === undefined) throw new Error(`${server} does not take part`)
  try {
    const target = await start(rival)
    try {
      const samples: Sample[] = []
      for (const trial of plan.trials) {
        await trial.check(target)
        samples.push(await trial.measure(target, { seconds: 0.02, requests: 0 }))
      }
      return samples
    } finally {
      await target.stop()
    }
  } finally {
    await plan.close?.()
  }
}

t.test('connections are made, few at a time, all at once, and held', { skip }, async t => {
  const samples = await measured(connections, 'revio-native', { connections: '100' })
  t.equal(samples.length, 3)
  for (const { wall = 0, cpu = 0, p50 = 0, p99 = 0, peak = 0 } of samples) {
    t.ok(wall > 0 && cpu > 0 && p50 > 0 && p50 <= p99 && peak > 2 ** 20)
  }
})

t.test('messages pass through a proxy and come back', { skip }, async t => {
  const samples = await measured(proxy, 'revio', { connections: '2', size: '64,65536', 'in-flight': '2' })
  t.equal(samples.length, 2)
  t.ok(
    samples.every(
      ({ requestsPerSecond = 0, cpuPerRequest = 0 }) => requestsPerSecond > 0 && cpuPerRequest > 0,
    ),
  )
})

t.test('connections are shared out among loops', { skip }, async t => {
  t.same(await measured(loops, 'revio-round-robin', { cases: 'balance', shared: '40' }), [{ shares: 1 }])
})
