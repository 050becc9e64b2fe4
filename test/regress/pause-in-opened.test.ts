import t from 'tap'
import type { Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('a connection that opened pauses stays paused, whatever options opened returns', async t => {
  const got: string[] = []
  let server: Server | undefined
  const simulation = simulate({
    serving(started) {
      server = started
    },
    opened(id) {
      t.equal(server?.pause(id), true)
      return ['', { highWaterMark: 100 }]
    },
    data(_id, input) {
      got.push(String(input))
    },
  })
  const peer = simulation.connect().send('early')
  t.same(got, [])
  simulation.server.resume(peer.id)
  t.same(got, ['early'])
})
