import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import t from 'tap'
import { exchange } from '../../benchmarks/exchange.js'
import type { Plan, Rival, Trial } from '../../benchmarks/plan.js'
import { run } from '../../benchmarks/run.js'
import { freePort } from '../../benchmarks/server.js'

/** A server that answers everything with `answer`. */
function rival(name: string, answer: string): Rival {
  const program = `
    const port = Number(process.argv[1])
    require('net').createServer(s => s.on('error', () => {}).on('data', () => s.write(${JSON.stringify(answer)})))
      .listen(port, '127.0.0.1')`
  const command = (port: number) => ({ file: process.execPath, args: ['-e', program, String(port)] })
  return { name, about: () => name, command }
}

const order: string[] = []

const trial: Trial = {
  name: 'ask',
  group: 'once',
  check: ({ port }) => exchange(port, 'ping\n', 'pong\n'),
  warmUp: async ({ name }) => (name === 'fast' ? 1000 : 10),
  measure: async ({ name, port, pid }, { requests }) => {
    order.push(name)
    await exchange(port, 'ping\n', 'pong\n')
    return { requests, pid, port }
  },
}

const plan: Plan = {
  name: 'test',
  title: 'Test',
  conditions: '',
  rivals: [rival('slow', 'pong\n'), rival('fast', 'pong\n'), rival('wrong', 'pung\n')],
  bases: [],
  trials: [trial],
  metrics: [],
  rounds: 2,
  seconds: 0.5,
}
const silent = { status: () => {}, done: () => {}, line: () => {}, end: () => {} }

t.test('servers are measured in turn, for as many requests as the fastest can do', async t => {
  const { rows, failed, skipped } = await run(plan, silent)
  t.same(order, ['slow', 'fast', 'fast', 'slow'], 'each round begins with another one')
  t.same(
    rows.map(({ server, samples }) => [server, samples.length]),
    [
      ['slow', 2],
      ['fast', 2],
    ],
  )
  t.ok(rows.every(({ samples }) => samples.every(({ requests }) => requests === 500)))
  t.same(skipped, [])
  t.equal(failed.length, 1)
  t.match(failed[0], /ask: wrong: it answered "pung\\n" to "ping\\n", not "pong\\n"/)
})

t.test('servers are gone after the run', async t => {
  const { rows } = await run({ ...plan, rivals: [rival('slow', 'pong\n')], rounds: 1 }, silent)
  const pid = rows[0]?.samples[0]?.pid ?? 0
  t.ok(pid > 0)
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

t.test('a plan of fresh servers starts one for each measurement', async t => {
  const { rows } = await run({ ...plan, rivals: [rival('slow', 'pong\n')], fresh: true }, silent)
  const pids = rows[0]?.samples.map(({ pid }) => pid) ?? []
  t.equal(new Set(pids).size, 2)
})

t.test('who is not installed is skipped, who does not come up has failed', async t => {
  const nowhere = { command: 'no-such-program-anywhere', package: 'nowhere' }
  const absent = { ...rival('absent', ''), needs: nowhere }
  const broken: Rival = {
    name: 'broken',
    about: () => '',
    command: () => ({ file: process.execPath, args: ['-e', 'throw new Error("not today")'] }),
  }
  const native: Rival = {
    ...broken,
    name: 'native',
    command: () => ({ file: process.execPath, args: ['-e', 'throw new Error("ERR_NATIVE: not built")'] }),
  }
  const { rows, skipped, failed } = await run({ ...plan, rivals: [absent, broken, native] }, silent)
  t.same(rows, [])
  t.match(skipped, [/absent: .*Debian package: nowhere/, /native: .*ERR_NATIVE: not built/])
  t.match(failed, [/broken: .*Error: not today/])
})

t.test('an exchange says what came instead, or that nothing did', async t => {
  let server: Server | undefined
  t.teardown(() => server?.close())
  server = createServer(socket => socket.end('bye')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  await t.rejects(
    exchange(address.port, 'a', 'bye now'),
    /answered "bye" to "a", and then closed the connection/,
  )
  await t.rejects(exchange(await freePort(), 'a', 'b'), /ECONNREFUSED/)
})
