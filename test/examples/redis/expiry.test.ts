import { simulate } from 'revio/testing'
import t from 'tap'
import { Instance } from '../../../examples/redis/instance.js'
import { redis } from '../../../examples/redis/server.js'

/** A server whose clock is the simulation's. */
function startSimulated() {
  let elapsed = () => 0
  const instance = new Instance(() => 1_700_000_000_000 + elapsed())
  const simulation = simulate(redis(instance))
  elapsed = () => simulation.now
  const peer = simulation.connect()
  const ask = (line: string) => peer.send(`${line}\r\n`) && peer.take()
  return { instance, simulation, ask }
}

t.test('a key is gone when its time has come', async t => {
  const { simulation, ask } = startSimulated()
  t.equal(ask('SET a 1 PX 50'), '+OK\r\n')
  simulation.advance(49)
  t.equal(ask('GET a'), '$1\r\n1\r\n')
  t.equal(ask('PTTL a'), ':1\r\n')
  simulation.advance(1)
  t.equal(ask('GET a'), '$-1\r\n')
  t.equal(ask('TTL a'), ':-2\r\n')
})

t.test('every way to look at a key that has expired finds none', async t => {
  const commands = [
    'EXISTS a',
    'TYPE a',
    'STRLEN a',
    'DEL a',
    'EXPIRE a 5',
    'PERSIST a',
    'APPEND a x',
    'INCR a',
    'RENAME a b',
  ]
  const { simulation, ask } = startSimulated()
  const wanted = commands.map(command => ask('FLUSHALL') && ask(command))
  for (const [index, command] of commands.entries()) {
    ask('FLUSHALL')
    ask('SET a 100 PX 10')
    simulation.advance(10)
    t.equal(ask(command), wanted[index], command)
  }
  ask('FLUSHALL')
  ask('SET a 1 PX 10')
  simulation.advance(10)
  t.equal(ask('KEYS *'), '*0\r\n')
  t.equal(ask('SCAN 0'), '*2\r\n$1\r\n0\r\n*0\r\n')
  t.equal(ask('RANDOMKEY'), '$-1\r\n')
  t.equal(ask('LPUSH a x'), ':1\r\n', 'another kind of value may take its place')
  t.equal(ask('TTL a'), ':-1\r\n')
})

t.test('a tick removes keys that nobody asks for', async t => {
  const { instance, simulation, ask } = startSimulated()
  for (let index = 0; index < 5000; index++) ask(`SET key:${index} x PX ${index % 2 === 0 ? 1000 : 60_000}`)
  for (let index = 0; index < 500; index++) ask(`SET for:ever:${index} x`)
  t.equal(ask('DBSIZE'), ':5500\r\n')
  simulation.advance(2000)
  t.equal(ask('DBSIZE'), ':3000\r\n')
  t.equal(instance.database(0).expiring, 2500)
  t.equal(instance.statistics.expired, 2500)
  simulation.advance(60_000)
  t.equal(ask('DBSIZE'), ':500\r\n')
})

t.test('SET and what makes another value of a key take its expiry away; changing it does not', async t => {
  const { ask } = startSimulated()
  const forget = ['SET a 1', 'GETSET a 1', 'MSET a 1']
  const keep = ['SET a 1 KEEPTTL', 'APPEND a 1', 'INCR a', 'SETRANGE a 0 7', 'INCRBYFLOAT a 1']
  for (const command of [...forget, ...keep]) {
    ask('SET a 5 EX 100')
    ask(command)
    t.equal(ask('TTL a'), forget.includes(command) ? ':-1\r\n' : ':100\r\n', command)
  }
  ask('DEL l')
  ask('RPUSH l a')
  ask('EXPIRE l 100')
  ask('RPUSH l b')
  t.equal(ask('TTL l'), ':100\r\n', 'RPUSH')
})

t.test('a transaction does nothing when a key that it watches has expired', async t => {
  const { simulation, ask } = startSimulated()
  ask('SET a 1 PX 10')
  ask('WATCH a')
  ask('MULTI')
  ask('SET b 1')
  simulation.advance(10)
  t.equal(ask('EXEC'), '*-1\r\n')
})

t.test('a watch is broken by a key that expires, not by one that had expired before', async t => {
  const { simulation, ask } = startSimulated()
  ask('DEBUG SET-ACTIVE-EXPIRE 0')
  ask('SET a 1 PX 50')
  simulation.advance(100)
  ask('WATCH a')
  ask('MULTI')
  t.equal(ask('EXEC'), '*0\r\n')
  ask('SET a 1 PX 50')
  ask('WATCH a')
  simulation.advance(100)
  ask('MULTI')
  t.equal(ask('EXEC'), '*-1\r\n')
})
