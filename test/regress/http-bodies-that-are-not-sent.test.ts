import { closeSync, openSync } from 'node:fs'
import { type Test, test } from 'tap'
import type { HttpReply } from '../../lib/http/index.js'
import { FileRegion } from '../../lib/index.js'
import { world } from '../http/exchange.js'

/** A part of a file as a body, and when the descriptor is the program's again. */
function region(t: Test): { body: FileRegion; done: Promise<void> } {
  const fd = openSync(`${t.testdir({ file: 'content' })}/file`, 'r')
  t.teardown(() => closeSync(fd))
  let body: FileRegion | undefined
  const done = new Promise<void>(resolve => {
    body = new FileRegion({ fd, done: resolve })
  })
  return { body: body as unknown as FileRegion, done }
}

/** A stream as a body, and when it has been told to end. */
function stream(): { body: ReadableStream<Uint8Array>; done: Promise<void> } {
  let body: ReadableStream<Uint8Array> | undefined
  const done = new Promise<void>(resolve => {
    body = new ReadableStream({ cancel: () => resolve() })
  })
  return { body: body as unknown as ReadableStream<Uint8Array>, done }
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

for (const [name, response] of [
  ['an impossible status', { status: 42 }],
  ['another length than announced', { headers: { 'Content-Length': '1' } }],
  ['a malformed field', { headers: { 'a b': '1' } }],
] as const) {
  test(`a file in a response with ${name} is given back`, async t => {
    const { body, done } = region(t)
    const { peer } = world({ request: () => [{ ...response, body }] })
    peer.send(GET)
    await done
    t.match(peer.received, /^HTTP\/1\.1 500 /)
  })
}

test('a file in a list is given back with an action that is none', async t => {
  const { body, done } = region(t)
  const { peer } = world({ request: () => [{ body: ['a', body] }, 'close'] as unknown as HttpReply })
  peer.send(GET)
  await done
  t.match(peer.received, /^HTTP\/1\.1 500 /)
})

for (const [name, make] of [
  ['a file', region],
  ['a stream', stream],
] as const) {
  test(`${name} that a handler answers with when its peer has gone is given back`, async t => {
    const { body, done } = make(t)
    let answer: (reply: HttpReply) => void = () => {}
    const { peer } = world(
      { request: () => new Promise<HttpReply>(resolve => (answer = resolve)) },
      { bodies: 'stream' },
    )
    // With a body that is still coming, the connection is read on and the reset is told.
    peer.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n')
    peer.reset()
    answer([{ body }])
    await done
  })

  test(`${name} of a response behind the last one is given back`, async t => {
    const { body, done } = make(t)
    let first: (reply: HttpReply) => void = () => {}
    const { peer } = world(
      {
        request: (_id, { path }) =>
          path === '/first' ? new Promise<HttpReply>(resolve => (first = resolve)) : [{ body }],
      },
      { concurrency: 2 },
    )
    peer.send(`${GET.replace('/', '/first')}${GET}`)
    first([{ headers: { Connection: 'close' }, body: 'bye' }])
    await done
    t.match(peer.received, /bye$/)
  })
}
