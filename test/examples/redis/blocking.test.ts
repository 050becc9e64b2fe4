import { simulate } from 'revio/testing'
import t from 'tap'
import { Instance } from '../../../examples/redis/instance.js'
import { redis } from '../../../examples/redis/server.js'

function start() {
  const instance = new Instance()
  const simulation = simulate(redis(instance))
  const connect = () => simulation.connect()
  return { instance, simulation, connect }
}

const popped = (key: string, element: string) =>
  `*2\r\n$${key.length}\r\n${key}\r\n$${element.length}\r\n${element}\r\n`

t.test('clients that wait for a key are served in the order in which they came', async t => {
  const { instance, connect } = start()
  const [first, second, third, pusher] = [connect(), connect(), connect(), connect()]
  first.send('BLPOP a 0\r\n')
  second.send('BRPOP b a 0\r\n')
  third.send('BLPOP a 0\r\n')
  t.equal(instance.blocking.count, 3)
  t.equal(first.take() + second.take(), '')
  t.equal(pusher.send('RPUSH a 1 2\r\nEXISTS a\r\n').take(), ':2\r\n:0\r\n')
  t.equal(first.take(), popped('a', '1'))
  t.equal(second.take(), popped('a', '2'))
  t.equal(third.take(), '')
  pusher.send('RPUSH b x\r\n')
  t.equal(second.take(), '', 'who was served waits no longer')
  t.equal(instance.blocking.count, 1)
})

t.test('what a blocked client sends is run once it has its answer', async t => {
  const { connect } = start()
  const [blocked, pusher] = [connect(), connect()]
  blocked.send('PING\r\nBLPOP a 0\r\nECHO x\r\n')
  blocked.send('ECHO y\r\nEC')
  t.equal(blocked.take(), '+PONG\r\n')
  pusher.send('RPUSH a 1\r\n')
  t.equal(blocked.take(), `${popped('a', '1')}$1\r\nx\r\n$1\r\ny\r\n`)
  t.equal(blocked.send('HO z\r\n').take(), '$1\r\nz\r\n')
})

t.test('a blocked client that floods is not read for ever', async t => {
  const { instance, simulation, connect } = start()
  const [blocked, pusher] = [connect(), connect()]
  blocked.send('BLPOP a 0\r\n')
  const echo = `*2\r\n$4\r\nECHO\r\n$100000\r\n${'x'.repeat(100_000)}\r\n`
  for (let count = 0; count < 100; count++) blocked.send(echo)
  simulation.run()
  const kept = instance.clients.get(blocked.id)?.input.buffered ?? 0
  t.ok(kept > 0 && kept < 2_000_000, `${kept} bytes`)
  pusher.send('RPUSH a 1\r\n')
  simulation.run()
  t.equal(blocked.receivedBytes.length, popped('a', '1').length + 100 * (100_000 + 11))
})

t.test('a transaction does not wait, and serves others when it is over', async t => {
  const { connect } = start()
  const [blocked, other] = [connect(), connect()]
  t.equal(other.send('MULTI\r\nBLPOP a 0\r\nEXEC\r\n').take(), '+OK\r\n+QUEUED\r\n*1\r\n*-1\r\n')
  blocked.send('BLPOP a b 0\r\n')
  other.send('MULTI\r\nRPUSH b 1\r\nRPUSH a 2\r\nDEL b\r\nRPUSH a 3\r\nEXEC\r\n')
  t.equal(blocked.take(), popped('a', '2'))
  t.equal(other.send('LRANGE a 0 -1\r\n').take().slice(-11), '*1\r\n$1\r\n3\r\n')
})

t.test('one that is served may serve another', async t => {
  const { connect } = start()
  const [last, mover, pusher] = [connect(), connect(), connect()]
  last.send('BLPOP c 0\r\n')
  mover.send('BLMOVE a c LEFT RIGHT 0\r\n')
  t.equal(pusher.send('RPUSH a 1\r\n').take(), ':1\r\n')
  t.equal(mover.take(), '$1\r\n1\r\n')
  t.equal(last.take(), popped('c', '1'))
})

t.test('a target of the wrong kind is an error, and the element stays', async t => {
  const { connect } = start()
  const [mover, other] = [connect(), connect()]
  other.send('SET c x\r\n').take()
  mover.send('BLMOVE a c LEFT RIGHT 0\r\n')
  t.equal(other.send('RPUSH a 1\r\nLLEN a\r\n').take(), ':1\r\n:1\r\n')
  t.match(mover.take(), /^-WRONGTYPE/)
})

t.test('a key of another kind serves nobody', async t => {
  const { connect } = start()
  const [blocked, other] = [connect(), connect()]
  blocked.send('BZPOPMIN a 0\r\n')
  other.send('RPUSH a 1\r\nDEL a\r\nZADD a 1.5 x\r\n')
  t.equal(blocked.take(), '*3\r\n$1\r\na\r\n$1\r\nx\r\n$3\r\n1.5\r\n')
})

t.test('keys arrive by every way there is', async t => {
  const ways = [
    'RPUSH x 1\r\nRENAME x a',
    'RPUSH x 1\r\nCOPY x a',
    'RPUSH x 1\r\nSORT x STORE a',
    'RPUSH x 1\r\nLMOVE x a LEFT LEFT',
    'SELECT 1\r\nRPUSH a 1\r\nMOVE a 0',
    'SELECT 1\r\nRPUSH a 1\r\nCOPY a a DB 0',
    'SELECT 1\r\nRPUSH a 1\r\nSWAPDB 0 1',
  ]
  for (const way of ways) {
    const { connect } = start()
    const [blocked, other] = [connect(), connect()]
    blocked.send('BLPOP a 0\r\n')
    other.send(`${way}\r\n`)
    t.equal(blocked.take(), popped('a', '1'), way)
  }
})

t.test('who waits in a database goes on to wait there when it has changed places', async t => {
  const { connect } = start()
  const [blocked, other] = [connect(), connect()]
  blocked.send('BLPOP a 0\r\n')
  other.send('SWAPDB 0 1\r\nSELECT 1\r\nRPUSH a x\r\n')
  t.equal(blocked.take(), '')
  other.send('SELECT 0\r\nRPUSH a 1\r\n')
  t.equal(blocked.take(), popped('a', '1'))
})

t.test('a client that is gone, or that was let go, waits no longer', async t => {
  const { instance, simulation, connect } = start()
  const [gone, freed, failed, other] = [connect(), connect(), connect(), connect()]
  gone.send('BLPOP a 0\r\n')
  freed.send('BLMOVE a b LEFT LEFT 0\r\n')
  failed.send('BZPOPMAX a 0\r\n')
  gone.close()
  simulation.run()
  t.equal(instance.blocking.count, 2)
  t.equal(other.send(`CLIENT UNBLOCK ${freed.id}\r\n`).take(), ':1\r\n')
  t.equal(other.send(`CLIENT UNBLOCK ${failed.id} ERROR\r\n`).take(), ':1\r\n')
  t.equal(other.send(`CLIENT UNBLOCK ${failed.id} ERROR\r\n`).take(), ':0\r\n')
  t.equal(freed.take(), '*-1\r\n')
  t.match(failed.take(), /^-UNBLOCKED /)
  t.equal(other.send('RPUSH a 1\r\n').take(), ':1\r\n')
  t.equal(other.send('LLEN a\r\n').take(), ':1\r\n')
})

t.test('an element that is taken at once breaks who watches its key', async t => {
  const { connect } = start()
  const [blocked, watcher, other] = [connect(), connect(), connect()]
  blocked.send('BLPOP a 0\r\n')
  watcher.send('WATCH a\r\nMULTI\r\nPING\r\n').take()
  other.send('RPUSH a 1\r\n')
  t.equal(watcher.send('EXEC\r\n').take(), '*-1\r\n')
})
