import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { noRedisBenchmark, noRedisCli, noRedisServer, startClone, startRedis } from './servers.js'

const run = promisify(execFile)

/** The clone, and redis-server where it is installed: what clients see of the two must be the same. */
const servers = [
  { name: 'the clone', start: startClone, skip: false as string | false },
  { name: 'redis-server', start: startRedis, skip: noRedisServer },
]

for (const { name, start, skip } of servers) {
  t.test(`ioredis with ${name}`, { skip }, async t => {
    const { path } = await start(t)
    await ioredis(t, path)
  })
  for (const RESP of [2, 3] as const) {
    t.test(`node-redis with ${name}, RESP${RESP}`, { skip }, async t => {
      const { path } = await start(t)
      await nodeRedis(t, path, RESP)
    })
  }
  t.test(`redis-cli with ${name}`, { skip: skip || noRedisCli }, async t => {
    const { path } = await start(t)
    await redisCli(t, path)
  })
}

async function ioredis(t: Test, path: string): Promise<void> {
  const client = new Redis(path)
  const listener = new Redis(path)
  t.teardown(() => {
    client.disconnect()
    listener.disconnect()
  })
  t.equal(await client.set('a', 'ä'), 'OK')
  t.equal(await client.get('a'), 'ä')
  t.equal(await client.get('none'), null)
  t.strictSame(await client.mget('a', 'none'), ['ä', null])
  t.equal(await client.set('b', Buffer.from([0, 255, 13, 10])), 'OK')
  t.strictSame(await client.getBuffer('b'), Buffer.from([0, 255, 13, 10]))
  await t.rejects(client.lpush('a', '1'), { message: /^WRONGTYPE/ })
  await client.hset('h', { one: 1, two: 2 })
  t.strictSame(await client.hgetall('h'), { one: '1', two: '2' })
  await client.zadd('z', 1, 'one', 2.5, 'two')
  t.strictSame(await client.zrange('z', '0', '-1', 'WITHSCORES'), ['one', '1', 'two', '2.5'])
  t.strictSame(await client.pipeline().incr('n').incr('n').get('n').exec(), [
    [null, 1],
    [null, 2],
    [null, '2'],
  ])
  t.strictSame(await client.multi().rpush('l', 'a', 'b').lrange('l', 0, -1).exec(), [
    [null, 2],
    [null, ['a', 'b']],
  ])
  const many = Array.from({ length: 2000 }, (_, index) => client.set(`key:${index}`, index))
  t.equal((await Promise.all(many)).length, 2000)
  const keys = new Set<string>()
  for await (const found of client.scanStream({ match: 'key:*', count: 100 }))
    for (const key of found) keys.add(key)
  t.equal(keys.size, 2000)
  const message = once(listener, 'message')
  t.equal(await listener.subscribe('news'), 1)
  t.equal(await client.publish('news', 'hello'), 1)
  t.strictSame(await message, ['news', 'hello'])
  t.equal(await listener.unsubscribe('news'), 0)
  t.equal(await listener.ping(), 'PONG')
  t.equal(await client.quit(), 'OK')
}

async function nodeRedis(t: Test, path: string, RESP: 2 | 3): Promise<void> {
  const client = createClient({ socket: { path, tls: false }, RESP })
  await client.connect()
  const listener = client.duplicate()
  await listener.connect()
  t.teardown(() => {
    client.destroy()
    listener.destroy()
  })
  t.equal(await client.ping(), 'PONG')
  t.equal(await client.set('a', '1', { EX: 100, NX: true }), 'OK')
  t.equal(await client.set('a', '2', { NX: true }), null)
  t.equal(await client.ttl('a'), 100)
  t.strictSame(await client.mGet(['a', 'none']), ['1', null])
  t.equal(await client.hSet('h', { one: 1, two: 2 }), 2)
  t.same(await client.hGetAll('h'), { one: '1', two: '2' })
  t.equal(await client.sAdd('s', ['x', 'y']), 2)
  t.same(new Set(await client.sMembers('s')), new Set(['x', 'y']))
  t.equal(
    await client.zAdd('z', [
      { score: 1, value: 'one' },
      { score: 2.5, value: 'two' },
    ]),
    2,
  )
  t.equal(await client.zScore('z', 'two'), 2.5)
  t.same(await client.zRangeWithScores('z', 0, -1), [
    { value: 'one', score: 1 },
    { value: 'two', score: 2.5 },
  ])
  t.same(await client.zPopMin('z'), { value: 'one', score: 1 })
  t.equal(await client.rPush('l', ['a', 'b', 'c']), 3)
  t.strictSame(await client.lRange('l', 0, -1), ['a', 'b', 'c'])
  t.strictSame(await client.multi().incr('n').get('n').exec(), [1, '1'])
  await t.rejects(client.incr('l'), { message: /^WRONGTYPE/ })
  const incremented = await Promise.all(Array.from({ length: 1000 }, () => client.incr('many')))
  t.equal(incremented.at(-1), 1000)
  await new Promise<void>(resolve => {
    void listener
      .subscribe('news', (message, channel) => {
        t.strictSame([channel, message], ['news', 'hello'])
        resolve()
      })
      .then(() => client.publish('news', 'hello'))
  })
  await listener.unsubscribe('news')
  const keys: string[] = []
  for await (const found of client.scanIterator({ COUNT: 100 })) keys.push(...found)
  t.same(new Set(keys), new Set(['a', 'h', 's', 'z', 'l', 'n', 'many']))
  await client.close()
}

async function redisCli(t: Test, path: string): Promise<void> {
  const cli = async (...args: string[]) => (await run('redis-cli', ['-s', path, ...args])).stdout
  t.equal(await cli('set', 'a', 'b c'), 'OK\n')
  t.equal(await cli('--no-raw', 'get', 'a'), '"b c"\n')
  t.equal(await cli('-3', '--no-raw', 'get', 'none'), '(nil)\n')
  await cli('hset', 'h', 'one', '1')
  t.equal(await cli('-3', '--no-raw', 'hgetall', 'h'), '1# "one" => "1"\n')
  t.equal(
    await cli('--no-raw', 'lpush', 'a', 'x'),
    '(error) WRONGTYPE Operation against a key holding the wrong kind of value\n',
  )
  t.equal(await cli('-n', '3', 'dbsize'), '0\n')
  t.equal(await cli('--scan', '--pattern', 'a*'), 'a\n')
  t.match(await cli('--bigkeys'), /Biggest string found '"a"' has 3 bytes/)
  t.match(await cli('info', 'keyspace'), /db0:keys=2,expires=0/)
  t.match(await piped(path, ['set p 1', 'incr p', 'lrange none 0 -1', 'get p']), /^OK\n2\n\n2\n$/)
  t.match(
    await piped(path, ['*3\r\n$3\r\nSET\r\n$1\r\nm\r\n$1\r\n1\r\n'.repeat(1000)], '--pipe'),
    /errors: 0, replies: 1000/,
  )
}

/** What redis-cli says to lines at its standard input. */
async function piped(path: string, lines: readonly string[], ...options: string[]): Promise<string> {
  const child = spawn('redis-cli', ['-s', path, ...options], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', text => {
    said += text
  })
  child.stdin.end(options.length > 0 ? lines.join('') : `${lines.join('\n')}\n`)
  await once(child, 'close')
  return said
}

t.test('redis-benchmark runs its whole list without an error', { skip: noRedisBenchmark }, async t => {
  const { path } = await startClone(t)
  const options = ['-s', path, '-q', '-n', '1000', '-P', '8', '-r', '1000', '--csv']
  const { stdout, stderr } = await run('redis-benchmark', options)
  t.equal(stderr, '')
  t.notMatch(stdout, /error/i)
  const tests = stdout
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(',')[0])
  t.ok(tests.length >= 20, `${tests.length} tests`)
})
