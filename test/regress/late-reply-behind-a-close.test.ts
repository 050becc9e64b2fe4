import t from 'tap'
import { Action, type Reply } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

/** What a handler does late, and what is to come of it. */
const late: Readonly<
  Record<string, (resolve: (reply: Reply) => void, reject: (error: Error) => void) => void>
> = {
  'a reply': resolve => resolve(['late']),
  'a reply that closes': resolve => resolve(['late', Action.Close]),
  'a reply with a token': resolve => resolve(['late', Action.None, 'token']),
  'a rejection': (_resolve, reject) => reject(new Error('late')),
}

for (const [what, settle] of Object.entries(late)) {
  await onEvery(t, `${what} that comes behind a Close that was sent goes nowhere`, async (t, world) => {
    const log: unknown[] = []
    let promised: (() => void) | undefined
    const { server } = await world.serve({
      data: () =>
        new Promise<Reply>((resolve, reject) => {
          promised = () => settle(resolve, reject)
        }),
      sent: (_id, token) => void log.push(token),
      closed: () => void log.push('closed'),
      failed() {},
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('the promise', () => promised !== undefined)
    server.send(1, [Buffer.alloc(12 * 1024 * 1024, '.'), 'the last'], Action.Close)
    await world.until('unsent output', () => server.pending(1) > 0)
    promised?.()
    await world.pass(10)
    peer.resume()
    await world.until('closed', () => log.length > 0 && peer.ended)
    t.strictSame(log, ['closed'])
    t.equal(peer.receivedBytes.subarray(-8).toString(), 'the last')
  })
}
