import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import t from 'tap'
import { Action } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('a connection that is detached while the loop ends takes all its input along', async t => {
  for (let seed = 1; seed <= 100; seed++) {
    let delivered = ''
    let socket: net.Socket | undefined
    const simulation = simulate(
      {
        data(_id, input) {
          delivered += String(input)
          return ['x', Action.Shutdown]
        },
        prewrite: () => Action.Detach,
        detached(_id, given) {
          socket = given
        },
      },
      { seed },
    )
    const peer = simulation.connect()
    peer.send('0123456789')
    await simulation.settle()
    const rest: unknown = socket?.read()
    if (socket === undefined || `${delivered}${rest instanceof Buffer ? rest : ''}` !== '0123456789')
      return void t.fail(`seed ${seed}: ${delivered} and ${rest}`)
    socket.destroy()
  }
  t.pass('with every seed')
})
