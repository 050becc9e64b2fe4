import { Buffer } from 'node:buffer'
import t from 'tap'
import { Connection } from '../examples/redis/connection.js'
import { startClone } from '../examples/redis/servers.js'

/** Longer than any string of JavaScript: whoever makes one of it fails. */
const LENGTH = 2 ** 29

t.test('a huge value is no number, which takes no time to see', { timeout: 240_000 }, async t => {
  const { path } = await startClone(t)
  const connection = await Connection.to({ path })
  const said = async (...args: string[]) => String(await connection.ask(...args)).trimEnd()
  await connection.ask('SETRANGE', 'k', String(LENGTH - 1), '1')
  await connection.ask('SET', 'other', '1')
  const began = performance.now()
  for (const command of [['INCR'], ['DECR'], ['INCRBY', '1'], ['DECRBY', '1'], ['INCRBYFLOAT', '1.5']]) {
    const [name = '', ...rest] = command
    t.match(await said(name, 'k', ...rest), /^-ERR value is not/, name)
  }
  t.ok(performance.now() - began < 1000)
  connection.close()
})

t.test('a huge argument is refused, and the connection stays', { timeout: 240_000 }, async t => {
  const { path } = await startClone(t)
  const connection = await Connection.to({ path })
  const huge = Buffer.alloc(LENGTH, '1')
  const commands = [
    ['INCRBY', 'n', huge],
    ['CLIENT', 'SETNAME', huge],
  ] as const
  for (const command of commands) t.match(await connection.ask(...command), /^-ERR /, command[0])
  t.equal(String(await connection.ask('PING')), '+PONG\r\n')
  connection.close()
})
