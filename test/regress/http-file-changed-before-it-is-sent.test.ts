import { statSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { file, http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'
import { until } from '../transport/until.js'

const SIZE = 100_000
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

t.test('what is sent is of the version that the head describes, or breaks', async t => {
  const root = t.testdir({ 'index.html': 'a'.repeat(SIZE) })
  const place = `${root}/index.html`
  // A file that has just been written is not cached.
  await until('some time to pass', () => Date.now() - statSync(place).ctimeMs > 30)
  const simulation = simulate(http({ request: (_id, { path }) => [{ body: file(path, { root }) }] }), {
    failures: 'collect',
  })
  const ask = () => {
    const peer = simulation.connect().send(GET)
    const [head = '', body = ''] = peer.received.split('\r\n\r\n')
    return { peer, body, etag: /etag: (.+)/i.exec(head)?.[1] }
  }
  ask()
  // From here on it is known not to have changed in this turn.
  const first = ask()
  t.equal(first.body, 'a'.repeat(SIZE))
  writeFileSync(place, 'b'.repeat(SIZE))
  const second = ask()
  t.not(second.body, 'b'.repeat(SIZE), 'not under the etag of the first')
  t.ok(second.peer.error, 'its connection broke')
  await turn()
  await turn()
  const third = ask()
  t.equal(third.body, 'b'.repeat(SIZE))
  t.ok(third.etag)
  t.not(third.etag, first.etag)
})
