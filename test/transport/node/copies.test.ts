import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import * as net from 'node:net'
import { type Handlers, type Server, serve } from 'revio'
import t from 'tap'
import { Copies } from '../../../lib/transport/node/copies.js'

const MUCH = 64 * 1024 * 1024

/** A loop on the portable transport. */
function listening(handlers: Handlers): Promise<Server> {
  return new Promise((resolve, reject) => {
    serve({ ...handlers, serving: resolve }, 'tcp4-net://127.0.0.1:0').catch(reject)
  })
}

t.test('memory is used again as soon as the OS has taken what was in it', async t => {
  const copies = new Copies()
  const first = copies.put(Buffer.alloc(60_000, 'a'))
  copies.reuse()
  const second = copies.put(Buffer.alloc(60_000, 'b'))
  t.equal(second.buffer, first.buffer)
  t.equal(second.byteOffset, first.byteOffset)
})

t.test('what a socket keeps never changes, whatever is copied later', async t => {
  const copies = new Copies()
  const kept: [string, Uint8Array][] = []
  for (const [index, size] of [1, 40_000, 65_536, 100, 65_536, 65_536, 3, 65_536].entries()) {
    const letter = 'abcdefgh'.charAt(index)
    copies.put(Buffer.alloc(500, 'x'))
    copies.reuse()
    kept.push([letter.repeat(size), copies.put(Buffer.alloc(size, letter))])
    copies.keep()
  }
  for (const [text, bytes] of kept) t.equal(Buffer.from(bytes).toString(), text, { diagnostic: false })
})

t.test(
  'heads, bodies and tails reach a slow peer as they were, though their memory is used again',
  async t => {
    const pages: Buffer[] = []
    const server = await listening({
      opened: () => [null, { highWaterMark: MUCH, maxPending: MUCH }],
      data(_id, input) {
        const out = [...(input?.toString() ?? '')].flatMap((letter, index) => {
          pages[index] ??= Buffer.alloc(90_000)
          return [`<${letter}>`, pages[index].fill(letter), `</${letter}>`]
        })
        return [out]
      },
    })
    const socket = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1').setNoDelay(true)
    let sent = ''
    let got = ''
    for (const letter of 'abcdefghijklmnopqrstuvwxyz'.repeat(4)) {
      socket.write(letter)
      sent += `<${letter}>${letter.repeat(90_000)}</${letter}>`
      // In the first half of each alphabet the peer reads what comes, and in the second it does not.
      if (letter < 'n') while (got.length < sent.length) got += (await once(socket.resume(), 'data'))[0]
      else socket.pause()
    }
    while (got.length < sent.length) got += (await once(socket.resume(), 'data'))[0]
    t.ok(got === sent, `${got.length} bytes`)
    socket.destroy()
    await server.shutdown()
  },
)
