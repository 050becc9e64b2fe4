import { Buffer } from 'node:buffer'
import t from 'tap'
import { Glob } from '../../examples/redis/glob.js'
import { Connection } from '../examples/redis/connection.js'
import { startClone } from '../examples/redis/servers.js'

const LENGTH = 6 * 1024 * 1024

/** Patterns that make a matcher expand, recurse or go back, each as long as this. */
function patterns(length: number): Record<string, Buffer> {
  const fill = (text: string) => Buffer.alloc(length, text, 'latin1')
  const between = (first: string, middle: string, last: string) =>
    Buffer.concat([Buffer.from(first), fill(middle), Buffer.from(last)])
  return {
    bytes: fill('x'),
    stars: between('', '*', 'b'),
    'stars and bytes': between('', 'a*', 'b'),
    'questions behind a star': between('*', '?', 'b'),
    escapes: fill('\\*'),
    classes: fill('[ab]'),
    'negated classes': fill('[^b]'),
    'one class': between('*[', 'a-c', ']b'),
    'classes without an end': fill('['),
    'long classes': fill(`[${'ab'.repeat(200)}]*`),
    'binary bytes': fill('\0\xff\x80*'),
  }
}

t.test('a long pattern takes memory in proportion to it, and little time', async t => {
  for (const [name, pattern] of Object.entries(patterns(LENGTH))) {
    const before = process.memoryUsage()
    const began = performance.now()
    const glob = new Glob(pattern)
    for (const text of ['a', 'aaaaaaaaaaaab', 'a'.repeat(2000)]) glob.matches(Buffer.from(text))
    const after = process.memoryUsage()
    const grown = after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed
    t.ok(grown < 4 * LENGTH, `${name}: ${grown} bytes`)
    t.ok(performance.now() - began < 3000, `${name}: ${Math.round(performance.now() - began)} ms`)
  }
})

t.test('the commands that take patterns answer', async t => {
  const { path } = await startClone(t)
  const connection = await Connection.to({ path })
  await connection.ask('SET', 'aaaaaaaaaaaaab', 'v')
  await connection.ask('SADD', 'set', 'aaaaaaaaaaaaab')
  for (const pattern of Object.values(patterns(1024 * 1024))) {
    t.match(await connection.ask('KEYS', pattern), /^\*/)
    t.match(await connection.ask('SCAN', '0', 'MATCH', pattern), /^\*2/)
    t.match(await connection.ask('SSCAN', 'set', '0', 'MATCH', pattern), /^\*2/)
    t.match(await connection.ask('CONFIG', 'GET', pattern), /^\*/)
    t.match(await connection.ask('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', pattern), /^\*/)
    t.match(await connection.ask('PUBSUB', 'CHANNELS', pattern), /^\*/)
    t.match(await connection.ask('PSUBSCRIBE', pattern), /^\*3/)
    t.match(await connection.ask('PUNSUBSCRIBE', pattern), /^\*3/)
  }
  connection.close()
})
