import t from 'tap'
import type { Reply } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

type Then = (resolve: (reply: unknown) => void, reject: (error: Error) => void) => void

/** What only has a `then`, as promises of other libraries have. */
function thenable(then: Then): Promise<Reply> {
  return { then } as unknown as Promise<Reply>
}

const thenables: Readonly<Record<string, Then>> = {
  'resolves twice': resolve => {
    resolve(['once'])
    resolve(['once'])
  },
  'resolves twice, the second time later': resolve => {
    resolve(['once'])
    setImmediate(() => resolve(['once']))
  },
  'resolves and rejects': (resolve, reject) => {
    resolve(['once'])
    reject(new Error('too late'))
  },
  'resolves and throws': resolve => {
    resolve(['once'])
    throw new Error('too late')
  },
  'resolves with a promise': resolve => resolve(Promise.resolve(['once'])),
  'resolves with a thenable': resolve => resolve(thenable(again => again(['once']))),
}

for (const [what, then] of Object.entries(thenables)) {
  await onEvery(t, `a thenable that ${what} is one reply`, async (t, world) => {
    const closed: unknown[] = []
    const { server } = await world.serve({
      data: (_id, input) => (String(input) === 'x' ? thenable(then) : ['end', 2]),
      closed: (_id, error) => void closed.push(error),
    })
    const peer = world.connect(server).send('x')
    await world.until('the reply', () => peer.received !== '')
    await world.pass(10)
    peer.send('y')
    await world.until('the end', () => peer.ended && closed.length === 1)
    t.equal(peer.received, 'onceend')
    t.strictSame(closed, [undefined])
  })
}
