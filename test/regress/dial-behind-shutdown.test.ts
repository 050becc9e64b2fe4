import * as net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Action, type Events, type Server, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

/** A program that connects again whenever a connection has gone, and what it was told. */
function reconnecting() {
  const log: string[] = []
  const running: { server?: Server } = {}
  const again = () => running.server?.dial(String(running.server.addresses[0]))
  const events: Events = {
    serving(server) {
      running.server = server
      again()
    },
    opened(id, { addressIndex, closing }) {
      log.push(`opened ${id}${closing ? ' closing' : ''}`)
      return [null, {}, addressIndex >= 0 ? Action.Shutdown : Action.None]
    },
    closed(id, error) {
      log.push(`closed ${id} ${(error as NodeJS.ErrnoException | undefined)?.code ?? 'in order'}`)
      try {
        again()
      } catch (thrown) {
        log.push(String((thrown as NodeJS.ErrnoException).code))
      }
    },
  }
  return { events, log, again }
}

/** Each that was opened was closed. */
function paired(log: readonly string[]): boolean {
  const ids = (what: string) =>
    log
      .filter(line => line.startsWith(what))
      .map(line => /\d+/.exec(line)?.[0])
      .toSorted()
  return ids('opened').join() === ids('closed').join()
}

for (const scheme of ['tcp', 'tcp-net']) {
  t.test(`${scheme}: what is dialled while the loop shuts down, or after it, is not made`, async t => {
    const { events, log, again } = reconnecting()
    await serve(events, `${scheme}://127.0.0.1:0`)
    const told = log.length
    t.throws(again, { code: 'ERR_ENDED', message: /the loop has ended$/ })
    for (let count = 0; count < 5; count++) await turn()
    t.ok(paired(log), log.join(', '))
    t.equal(log.length, told, 'no handler runs any more')
  })
}

t.test('in a simulation as well', async t => {
  const { events, log } = reconnecting()
  const simulation = simulate(events)
  await simulation.done
  t.ok(paired(log), log.join(', '))
  t.strictSame(simulation.warnings, [])
})

t.test('a dial during a shutdown that waits for output fails at once', async t => {
  let server: Server | undefined
  const log: string[] = []
  const simulation = simulate({
    serving(running) {
      server = running
    },
    opened: (_id, { closing }) => {
      log.push(closing ? 'opened closing' : 'opened')
      return [closing ? null : Buffer.alloc(100_000), {}]
    },
    closed(_id, error) {
      log.push(`closed ${(error as NodeJS.ErrnoException | undefined)?.code}`)
    },
  })
  const peer = simulation.connect({ paused: true })
  server?.shutdown()
  server?.dial('tcp://127.0.0.1:9')
  t.strictSame(log, ['opened', 'opened closing', 'closed ECONNABORTED'])
  peer.resume()
  await simulation.done
})

t.test("a socket that is attached after the loop has ended stays the program's", async t => {
  let server: Server | undefined
  await serve({
    serving(running) {
      server = running
      return Action.Shutdown
    },
  })
  const listener = net.createServer()
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const socket = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1')
  await new Promise(resolve => socket.once('connect', resolve))
  t.throws(() => server?.attach(socket), { code: 'ERR_ENDED' })
  t.equal(socket.destroyed, false)
  socket.destroy()
  listener.close()
})
