import type * as net from 'node:net'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { Action, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('an end that came before the socket of a layer was handed over shows there', async t => {
  const encode = new PassThrough()
  let socket: net.Socket | undefined
  const events = translate(
    {
      data: () => ['bye', Action.Detach],
      detached(_id, given) {
        socket = given
      },
    },
    () => true,
    () => ({ decode: new PassThrough(), encode }),
  )
  // Output takes its time in this layer.
  encode.cork()
  const simulation = simulate(events)
  /** The streams of a layer take turns of Node's loop. */
  const rest = async () => {
    for (let left = 10; left > 0; left--) await new Promise(setImmediate)
  }
  const peer = simulation.connect()
  peer.send('x').end()
  await rest()
  encode.uncork()
  await rest()
  t.equal(peer.received, 'bye')
  let ended = false
  socket?.on('end', () => {
    ended = true
  })
  socket?.resume()
  await rest()
  t.ok(ended)
  socket?.destroy()
})
