import t from 'tap'
import { Action, type Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

for (const options of [{}, { seed: 1 }, { stepwise: true }, { latency: 5 }]) {
  t.test(`serving and the first tick have run when simulate returns ${JSON.stringify(options)}`, t => {
    const log: string[] = []
    let server: Server | undefined
    const simulation = simulate(
      {
        serving(running) {
          server = running
          log.push(`serving ${running.addresses}`)
        },
        tick: () => void log.push('tick'),
      },
      { addresses: ['tcp4://127.0.0.1:7'], ...options },
    )
    t.equal(server, simulation.server)
    t.strictSame(log, ['serving tcp4://127.0.0.1:7', 'tick'])
    t.end()
  })
}

t.test('what serving asks for has been heard', async t => {
  const simulation = simulate({ serving: () => Action.Shutdown })
  t.equal(simulation.ended, true)
  await simulation.done
})
