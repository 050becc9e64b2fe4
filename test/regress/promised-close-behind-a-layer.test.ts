import { once } from 'node:events'
import * as net from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import t from 'tap'
import { Action, type Events, type Layer, serve, translate } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'

const layers: Readonly<Record<string, (wire: Duplex) => Layer>> = {
  functions: () => ({ decode: bytes => bytes, encode: bytes => bytes }),
  streams: () => ({ decode: new PassThrough(), encode: new PassThrough() }),
  'a duplex': wire => Duplex.from({ readable: wire, writable: wire }),
}

/** When the promise settles: at once, when the peer has ended, or while output from before is still on its way. */
const moments = ['at once', 'behind the end of the peer', 'behind much output'] as const

for (const [name, make] of Object.entries(layers)) {
  for (const moment of moments) {
    await onBoth(t, `a Close that was promised, ${moment}, through ${name}`, async (t, transport) => {
      const before = moment === 'behind much output' ? Buffer.alloc(5_000_000, 'b') : Buffer.from('before ')
      const closed: (Error | undefined)[] = []
      let ends = 0
      let settle: () => void = () => {}
      const settled = new Promise<void>(resolve => {
        settle = resolve
      })
      const handlers: Events = {
        opened: () => [before, { halfOpen: true }],
        async data() {
          if (moment !== 'at once') await settled
          return ['promised', Action.Close]
        },
        ended() {
          ends++
        },
        closed: (_id, error) => void closed.push(error),
      }
      const events = translate(
        handlers,
        () => true,
        (_id, wire) => make(wire),
      )
      const running = serve(events, `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`)
      const server = await running.listening
      const socket = net.connect({
        port: server.addresses[0]?.port ?? 0,
        host: '127.0.0.1',
        allowHalfOpen: true,
      })
      const over = once(socket, 'close')
      socket.write('x')
      if (moment === 'behind the end of the peer') socket.end()
      if (moment === 'behind much output') await until('it waits', () => server.pending(1) > 0)
      settle()
      const pieces: Buffer[] = []
      for await (const bytes of socket.iterator({ destroyOnReturn: false })) pieces.push(bytes)
      t.ok(
        Buffer.concat(pieces).equals(Buffer.concat([before, Buffer.from('promised')])),
        'all of the output',
      )
      socket.end()
      await over
      await until('its close', () => closed.length > 0)
      t.strictSame(closed, [undefined])
      t.equal(ends, 0, 'Close came before the end of the peer was told')
      server.shutdown()
      await running
    })
  }
}
