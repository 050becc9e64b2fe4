import { writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { file, type HttpReply, http } from '../../lib/http/index.js'
import { serve } from '../../lib/index.js'

const MIB = 1024 * 1024

/** Has requests answered that come at once, and tells how long all of the answers are. */
async function pipelined(
  address: string,
  paths: readonly string[],
  request: (path: string) => HttpReply | Promise<HttpReply>,
): Promise<{ heads: number; size: number; most: number }> {
  let most = 0
  const handlers = http({
    request(id, { path }) {
      most = Math.max(most, server.pending(id))
      return request(path)
    },
  })
  const running = serve(handlers, address)
  const server = await running.listening
  const socket = net.connect({ port: server.addresses[0]?.port ?? 0, host: '127.0.0.1' })
  const last = paths.length - 1
  const heads = paths.map((path, index) => {
    const closing = index === last ? 'Connection: close\r\n' : ''
    return `GET ${path} HTTP/1.1\r\nHost: x\r\n${closing}\r\n`
  })
  socket.write(heads.join(''))
  const received = await text(socket.setEncoding('latin1'))
  server.shutdown()
  await running
  return { heads: received.split('HTTP/1.1 200 OK').length - 1, size: received.length, most }
}

for (const address of ['tcp://127.0.0.1:0', 'tcp-net://127.0.0.1:0']) {
  test(`${address}: files that are asked for at once, larger than maxPending, are sent one behind the other`, async t => {
    const root = t.testdir()
    writeFileSync(`${root}/large`, Buffer.alloc(17 * MIB))
    const answered = await pipelined(address, ['/large', '/large', '/large'], path => [
      { body: file(path, { root }) },
    ])
    t.equal(answered.heads, 3)
    t.ok(answered.size > 3 * 17 * MIB)
  })

  for (const [kind, wrap] of [
    ['at once', (reply: HttpReply) => reply],
    ['later', async (reply: HttpReply) => reply],
    ['with tokens', ([response]: HttpReply): HttpReply => [response, undefined, 'token']],
  ] as const) {
    test(`${address}: requests answered ${kind} wait while the peer has much to take`, async t => {
      const body = 'x'.repeat(MIB)
      const paths = Array.from({ length: 40 }, (_, index) => `/${index}`)
      const answered = await pipelined(address, paths, () => wrap([{ body }]))
      t.equal(answered.heads, 40)
      t.ok(answered.size > 40 * MIB)
      t.ok(answered.most < 2 * MIB, `${answered.most} bytes were pending when a request was served`)
    })
  }
}
