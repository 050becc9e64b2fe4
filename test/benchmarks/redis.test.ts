import t from 'tap'
import { redis } from '../../benchmarks/benches/redis.js'
import { runToEnd } from '../../benchmarks/children.js'
import { cellsOf } from '../../benchmarks/load/redis-benchmark.js'
import { isInstalled, redisBenchmark, redisServer } from '../../benchmarks/programs.js'
import { redis as rival } from '../../benchmarks/rivals/redis-server.js'
import { start } from '../../benchmarks/server.js'
import { tests } from '../../benchmarks/trials/redis.js'

const missing = [redisBenchmark, redisServer].find(program => !isInstalled(program))
const skip = missing !== undefined && `${missing.command} is not installed`

t.test('the trials are what is true of Redis itself', { skip }, async t => {
  const server = await start(rival)
  t.teardown(() => server.stop())

  t.test('the list is the one of redis-benchmark, in its order', async t => {
    const csv = await runToEnd({
      file: redisBenchmark.command,
      args: ['-p', String(server.port), '--csv', '-n', '200', '-c', '2'],
    })
    const names = csv
      .trim()
      .split('\n')
      .slice(1)
      .map(line => cellsOf(line)[0] ?? '')
    // Later versions have more tests than this one: those that we have must be theirs.
    const theirs = names
      .filter(name => !name.includes('needed to'))
      .map(name => name.replace(/ \(first.*/, ''))
    t.same(
      tests.map(({ name }) => name),
      theirs.filter(name => name !== 'XADD'),
    )
  })

  t.test('Redis passes every check, and every measurement has its figures', async t => {
    const { trials } = await redis.plan(
      new Map([
        ['list', 'all'],
        ['pipeline', '2'],
        ['connections', '2'],
      ]),
    )
    t.equal(trials.length, tests.length)
    for (const trial of trials) {
      await trial.check(server)
      const sample = await trial.measure(server, { seconds: 1, requests: 1000 })
      const { requestsPerSecond = 0, cpuPerRequest = -1, p50 = 0, p99 = 0, peak = 0 } = sample
      t.ok(
        requestsPerSecond > 100 && cpuPerRequest >= 0 && p50 > 0 && p50 <= p99 && peak > 2 ** 20,
        trial.name,
      )
    }
  })

  t.test('random keys are found again', async t => {
    const { trials } = await redis.plan(
      new Map([
        ['keys', '100'],
        ['pipeline', '2'],
      ]),
    )
    const get = trials.find(({ name }) => name === 'GET')
    await get?.measure(server, { seconds: 1, requests: 1000 })
    const size = await runToEnd({ file: 'redis-cli', args: ['-p', String(server.port), 'dbsize'] })
    t.ok(Number(size) > 50 && Number(size) <= 100, `${size.trim()} keys of 100`)
  })
})
