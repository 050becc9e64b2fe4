import t from 'tap'
import { Action, type Handlers, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('other handlers take over, and contexts stay', async t => {
  const version = (name: string): Handlers<{ seen: number }> => ({
    opened: () => [null, { context: { seen: 0 } }],
    data: (_id, _input, context) => [`${name}${++context.seen} `],
  })
  const simulation = simulate(version('a') as never)
  const peer = simulation.connect().send('x').send('x')
  await simulation.server.reload(version('b') as never)
  peer.send('x')
  t.equal(peer.received, 'a1 a2 b3 ')
  t.equal(simulation.connect().send('x').received, 'b1 ')
})

t.test('serving and tick of the new ones run, and tick of the old ones no more', async t => {
  const seen: string[] = []
  const version = (name: string) => ({
    serving: () => void seen.push(`${name} serving`),
    tick: () => {
      seen.push(`${name} tick`)
      return [100] as const
    },
  })
  const simulation = simulate(version('a'))
  simulation.advance(100)
  await simulation.server.reload(version('b'))
  simulation.advance(100)
  t.strictSame(seen, ['a serving', 'a tick', 'a tick', 'b serving', 'b tick', 'b tick'])
})

t.test('connections and addresses with handlers of their own keep these', async t => {
  const own = { data: () => ['own'] as const }
  const simulation = simulate(
    { data: () => ['old'] },
    { addresses: ['tcp://127.0.0.1:0', { address: 'tcp://127.0.0.1:0', events: own }] },
  )
  const before = simulation.connect({ addressIndex: 1 })
  await simulation.server.reload({ data: () => ['new'] })
  t.equal(before.send('x').received, 'own')
  t.equal(simulation.connect({ addressIndex: 1 }).send('x').received, 'own')
  t.equal(simulation.connect().send('x').received, 'new')
})

t.test('translated handlers are replaced as others are, and only where they were given', async t => {
  const old = { data: () => ['old'] as const }
  const none = () => false
  const wrap = () => ({})
  const simulation = simulate(translate(old, none, wrap), {
    addresses: ['tcp://127.0.0.1:0', { address: 'tcp://127.0.0.1:0', events: old }],
  })
  const [translated, own] = [simulation.connect(), simulation.connect({ addressIndex: 1 })]
  t.equal(translated.send('x').received, 'old')
  t.equal(own.send('x').received, 'old')
  await simulation.server.reload(translate({ data: () => ['new'] }, none, wrap))
  t.equal(translated.send('x').received, 'oldnew')
  t.equal(own.send('x').received, 'oldold')
})

t.test('where serving throws nothing has changed', async t => {
  const simulation = simulate({ data: () => ['old'] })
  const broken = {
    serving() {
      throw new Error('not today')
    },
    data: () => ['new'] as const,
  }
  await t.rejects(simulation.server.reload(broken), { message: 'not today' })
  await t.rejects(simulation.server.reload({ dta() {} } as never), { code: 'ERR_OPTION', message: /"data"/ })
  t.equal(simulation.connect().send('x').received, 'old')
})

t.test('the signal that counts is that of the new ones', async t => {
  const [old, next] = [new AbortController(), new AbortController()]
  const simulation = simulate({ signal: old.signal })
  await simulation.server.reload({ signal: next.signal, data: () => ['', Action.None] })
  old.abort()
  simulation.run()
  t.equal(simulation.ended, false)
  next.abort()
  simulation.run()
  t.equal(simulation.ended, true)
})
