import { Action, type Reply } from '../../../lib/index.js'
import type { Rules } from './rule.js'

/** Reset: an immediate end that no one can mistake for an orderly one. */
export const resets: Rules = {
  'Reset closes at once, from data, opened, send, prewrite, postwrite and sent, and the peer learns of it':
    async (t, world) => {
      for (const from of ['data', 'opened', 'send', 'promise', 'prewrite', 'postwrite', 'sent']) {
        let closed = 0
        let id = 0
        const reset = (where: string) => (from === where ? Action.Reset : Action.None)
        const { server } = await world.serve({
          opened(given) {
            id = given
            return ['', {}, reset('opened')]
          },
          data(): Reply | Promise<Reply> {
            const reply: Reply = ['x'.repeat(1000), reset('data'), 'token']
            if (from === 'send') server.send(id, 'y', Action.Reset)
            return from === 'promise' ? Promise.resolve(['', Action.Reset]) : reply
          },
          prewrite: () => reset('prewrite'),
          postwrite: () => reset('postwrite'),
          sent: () => reset('sent'),
          closed(_id, error) {
            closed += 1
            t.equal(error, undefined, from)
          },
        })
        const peer = world.connect(server, { careful: true }).send('x')
        await world.until('closed', () => closed === 1)
        await world.until('the end', () => peer.error !== undefined || peer.ended)
        if (world.network !== 'unix') t.match(peer.error, { code: /^(ECONNRESET|EPIPE)$/ }, from)
        t.equal(server.connections, 0)
      }
    },

  'Reset gives up what is pending, behind a Close too': async (t, world) => {
    for (const before of [Action.None, Action.Close]) {
      let closed = 0
      let id = 0
      const { server } = await world.serve({
        opened(given) {
          id = given
          return [undefined, { maxPending: 3 * world.much }]
        },
        data(): Reply {
          server.send(id, 'x'.repeat(1.5 * world.much), before)
          return [undefined, Action.Reset]
        },
        closed: () => void closed++,
      })
      const peer = world.connect(server, { paused: true }).send('x')
      await world.until('closed', () => closed === 1)
      peer.resume()
      await world.until('the end', () => peer.error !== undefined || peer.ended)
      t.ok(peer.receivedBytes.length < 1.5 * world.much, 'not all of it')
    }
  },

  'a Reset of one connection is none of the others': async (t, world) => {
    const log: string[] = []
    const ids: number[] = []
    const { server } = await world.serve({
      opened: id => void ids.push(id),
      data: (id, input) => {
        log.push(`${id} ${input}`)
        for (const other of ids) if (other !== id) server.send(other, null, Action.Reset)
        return [input]
      },
      closed: id => void log.push(`${id} closed`),
    })
    const peers = [1, 2, 3].map(() => world.connect(server))
    await world.until('three connections', () => ids.length === 3)
    peers[1]?.send('x')
    await world.until('two of them to go', () => log.length === 3)
    t.equal(server.connections, 1)
    const [, first = '', second = ''] = log
    t.strictSame(log, [log[0], first, second])
    t.match(first, /closed/)
    t.match(second, /closed/)
    await world.until('the echo', () => peers.some(({ received }) => received === 'x'))
  },
}
