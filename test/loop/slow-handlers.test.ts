import t from 'tap'
import { type Simulation, simulate } from '../../lib/testing.js'

t.test('a handler that holds the loop too long is named', async t => {
  const simulation: Simulation = simulate({
    slowHandler: 50,
    data: (_id, input) => {
      simulation.stall(Number(input))
      return [input]
    },
    tick: () => simulation.stall(70),
  })
  const peer = simulation.connect()
  peer.send('50')
  peer.send('51')
  t.strictSame(
    simulation.warnings.map(({ message }) => message),
    [
      'tick held the loop for 70 ms; slowHandler is 50 ms',
      'connection 1: data held the loop for 51 ms; slowHandler is 50 ms',
    ],
  )
  t.equal(peer.received, '5051')
})

t.test('one that throws after long is named as well', async t => {
  const simulation = simulate(
    {
      slowHandler: 5,
      closed() {
        simulation.stall(6)
        throw new Error('late')
      },
    },
    { failures: 'collect' },
  )
  simulation.connect().close()
  t.match(simulation.warnings, [
    { name: 'RevioWarning', message: /^connection 1: closed held the loop for 6 ms/ },
  ])
})

t.test('a limit that is none is refused', async t => {
  for (const slowHandler of [-1, Number.NaN, '5', null]) {
    t.throws(() => simulate({ slowHandler } as never), {
      code: 'ERR_OPTION',
      message: /option slowHandler: .* received/,
    })
  }
})
