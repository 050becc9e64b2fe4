import { once } from 'node:events'
import * as net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'

/** Turns of the event loop in which node:net destroys a socket both sides of which have ended. */
const TURNS = 10

t.test(
  'a connection both sides of which have ended waits for what is promised, and closes without an error',
  async t => {
    const closed: (Error | undefined)[] = []
    let keep = () => {}
    const promise = new Promise<void>(resolve => {
      keep = resolve
    })
    let told = () => {}
    const ended = new Promise<void>(resolve => {
      told = resolve
    })
    let over: Promise<void> = Promise.resolve()
    const server = await new Promise<Server>(resolve => {
      over = serve(
        {
          serving: resolve,
          opened: () => [null, { halfOpen: true }],
          data: (_id, input) => [input, Action.End],
          async ended() {
            told()
            await promise
            return [null, Action.Close]
          },
          closed(_id, error) {
            closed.push(error)
            return Action.Shutdown
          },
        },
        'tcp4-net://127.0.0.1:0',
      )
    })
    const peer = net.connect({ port: server.addresses[0]?.port ?? 0, host: '127.0.0.1', allowHalfOpen: true })
    peer.write('last words')
    peer.resume()
    await once(peer, 'end')
    peer.end()
    await ended
    for (let turns = 0; turns < TURNS; turns++) await turn()
    t.strictSame(closed, [], 'what is promised is waited for')
    keep()
    await over
    t.strictSame(closed, [undefined])
  },
)
