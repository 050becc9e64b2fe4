import { simulate } from 'revio/testing'
import t from 'tap'
import { Instance } from '../../../examples/redis/instance.js'
import { redis } from '../../../examples/redis/server.js'

/** What a listener hears of commands: `event key`, with the database where it is not 0. */
function hear(flags: string, ...commands: string[]): string[] {
  let elapsed = () => 0
  const instance = new Instance(() => 1_700_000_000_000 + elapsed())
  const simulation = simulate(redis(instance))
  elapsed = () => simulation.now
  const [listener, client] = [simulation.connect(), simulation.connect()]
  client.send(`CONFIG SET notify-keyspace-events ${flags}\r\n`)
  listener.send('PSUBSCRIBE __key*\r\n').take()
  for (const command of commands) {
    if (command.startsWith('wait ')) simulation.advance(Number(command.slice(5)))
    else client.send(`${command}\r\n`)
  }
  const messages = listener.take().matchAll(/__key(event|space)@(\d+)__:(\w+)\r\n\$\d+\r\n(\w+)\r\n/g)
  return [...messages].map(([, kind, database, name, value]) => {
    const [event, key] = kind === 'event' ? [name, value] : [value, name]
    return database === '0' ? `${event} ${key}` : `${event} ${key} in ${database}`
  })
}

t.test('each change of a key is an event', async t => {
  const cases: [command: string, ...events: string[]][] = [
    ['SET a 1', 'set a'],
    ['SET a 1 EX 10', 'set a', 'expire a'],
    ['MSET a 1 b 2', 'set a', 'set b'],
    ['INCRBY a 5', 'incrby a'],
    ['INCRBYFLOAT a 5', 'incrbyfloat a'],
    ['APPEND a 5', 'append a'],
    ['SETRANGE a 5 x', 'setrange a'],
    ['SETBIT a 5 1', 'setbit a'],
    ['GETDEL a'],
    ['DEL a'],
    ['LPUSH l 1 2', 'lpush l'],
    ['SADD s 1 2', 'sadd s'],
    ['ZADD z 1 a', 'zadd z'],
    ['ZINCRBY z 1 a', 'zincr z'],
    ['HSET h a 1', 'hset h'],
    ['HINCRBY h a 1', 'hincrby h'],
  ]
  for (const [command, ...events] of cases) t.strictSame(hear('EA', command), events, command)
})

t.test('what becomes empty is gone', async t => {
  t.strictSame(hear('EA', 'RPUSH l 1', 'LPOP l'), ['rpush l', 'lpop l', 'del l'])
  t.strictSame(hear('EA', 'SADD s 1', 'SREM s 1 2', 'SREM s 1'), ['sadd s', 'srem s', 'del s'])
  t.strictSame(hear('EA', 'ZADD z 1 a', 'ZPOPMIN z'), ['zadd z', 'zpopmin z', 'del z'])
  t.strictSame(hear('EA', 'HSET h a 1', 'HDEL h a'), ['hset h', 'hdel h', 'del h'])
  t.strictSame(hear('EA', 'RPUSH l 1', 'LTRIM l 1 0'), ['rpush l', 'ltrim l', 'del l'])
})

t.test('two keys have an event each', async t => {
  t.strictSame(hear('EA', 'SET a 1', 'RENAME a b'), ['set a', 'rename_from a', 'rename_to b'])
  t.strictSame(hear('EA', 'SET a 1', 'COPY a b'), ['set a', 'copy_to b'])
  t.strictSame(hear('EA', 'SET a 1', 'MOVE a 3'), ['set a', 'move_from a', 'move_to a in 3'])
  t.strictSame(hear('EA', 'SADD a 1 2', 'SMOVE a b 1'), ['sadd a', 'srem a', 'sadd b'])
  t.strictSame(hear('EA', 'RPUSH a 1', 'RPOPLPUSH a b'), ['rpush a', 'lpush b', 'rpop a', 'del a'])
})

t.test('only the classes and the channels that are asked for', async t => {
  t.strictSame(hear('El', 'SET a 1', 'RPUSH l 1', 'DEL l'), ['rpush l'])
  t.strictSame(hear('KE$', 'SET a 1'), ['set a', 'set a'])
  t.strictSame(hear('K$', 'SET a 1'), ['set a'])
  t.strictSame(hear('A', 'SET a 1'), [])
  t.strictSame(hear('""', 'SET a 1'), [])
})

t.test('a key that expires says so when it goes: when it is looked for, or by itself', async t => {
  t.strictSame(hear('Ex', 'SET a 1 PX 50', 'DEBUG SET-ACTIVE-EXPIRE 0', 'wait 1000'), [])
  t.strictSame(hear('Ex', 'SET a 1 PX 50', 'wait 50', 'GET a'), ['expired a'])
  t.strictSame(hear('Ex', 'SET a 1 PX 50', 'wait 1000'), ['expired a'])
  t.strictSame(hear('EA', 'SET a 1', 'EXPIRE a -1'), ['set a', 'del a'])
})

t.test(
  'a transaction is told of when it is over, and a client hears of its own behind the reply',
  async t => {
    const client = simulate(redis()).connect()
    client.send('HELLO 3\r\nCONFIG SET notify-keyspace-events Eg\r\nSUBSCRIBE __keyevent@0__:del\r\n').take()
    const push = '>3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:del\r\n$1\r\na\r\n'
    client.send('MULTI\r\nSET a 1\r\nDEL a\r\nSET b 1\r\n').take()
    t.equal(client.send('EXEC\r\n').take(), `*3\r\n+OK\r\n:1\r\n+OK\r\n${push}`)
  },
)
