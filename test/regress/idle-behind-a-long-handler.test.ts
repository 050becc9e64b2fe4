import { Worker } from 'node:worker_threads'
import t from 'tap'
import { Action, serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

const IDLE = 300

/** Connects twice; while the loop is blocked by what the first one says, the second one speaks as well. */
function clients(require: NodeJS.Require): void {
  const net = require('node:net') as typeof import('node:net')
  const { workerData } = require('node:worker_threads') as typeof import('node:worker_threads')
  const { port, blocked } = workerData as { port: number; blocked: Int32Array }
  const quiet = net.connect({ port, host: '127.0.0.1' })
  quiet.on('error', () => {})
  quiet.once('data', () => {
    const busy = net.connect({ port, host: '127.0.0.1' })
    busy.on('error', () => {})
    busy.write('block', () => {
      Atomics.wait(blocked, 0, 0, 10_000)
      quiet.write('in time', () => {
        Atomics.store(blocked, 0, 2)
        Atomics.notify(blocked, 0)
      })
    })
  })
}

await onBoth(t, 'who was heard in time is not idle, whatever a handler took', async (t, transport) => {
  const blocked = new Int32Array(new SharedArrayBuffer(4))
  const told: string[] = []
  let worker: Worker | undefined
  const running = serve(
    {
      serving(server) {
        const workerData = { port: server.addresses[0]?.port ?? 0, blocked }
        worker = new Worker(`(${clients})(require)`, { eval: true, execArgv: [], workerData })
      },
      opened: id => [id === 1 ? 'hello' : '', { idleTimeout: id === 1 ? IDLE : 0 }],
      data(id, input) {
        if (String(input) === 'block') {
          Atomics.store(blocked, 0, 1)
          Atomics.notify(blocked, 0)
          Atomics.wait(blocked, 0, 1, 10_000)
          // The time of the other one goes by while its bytes lie in the kernel.
          Atomics.wait(blocked, 0, 2, 2 * IDLE)
          return undefined
        }
        told.push(`${id}: ${input}`)
        return ['', Action.Shutdown]
      },
      closed(id, error) {
        told.push(`${id}: ${error === undefined ? 'closed' : error.message}`)
        return Action.Shutdown
      },
    },
    `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
  )
  await running
  t.equal(told[0], '1: in time')
  await worker?.terminate()
})
