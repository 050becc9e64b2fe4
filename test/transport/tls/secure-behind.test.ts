import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Action, type Events, FileRegion, type Server } from '../../../lib/index.js'
import { until } from '../until.js'
import { credentials, over, story, trial } from './starttls.js'

const folder = mkdtempSync(join(tmpdir(), 'revio-secure-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

/** So many bytes of a socket, which is left open and may be read further by others. */
async function take(socket: net.Socket, size: number): Promise<Buffer> {
  const bytes: Buffer[] = []
  let left = size
  while (left > 0) {
    const next = socket.read(Math.min(left, socket.readableLength)) as Buffer | null
    if (next === null || next.length === 0) {
      if (socket.readableEnded || socket.destroyed) break
      await new Promise(resolve => {
        socket.once('readable', resolve).once('close', resolve)
      })
      continue
    }
    bytes.push(next)
    left -= next.length
  }
  return Buffer.concat(bytes)
}

function connect(port: number, text: string): net.Socket {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text)
  return socket
}

/** Plain bytes first, then those of TLS, and nothing in between. */
async function hears(port: number, text: string, plain: Buffer, secret: Buffer) {
  const socket = connect(port, text)
  const first = await take(socket, plain.length)
  const client = over(socket)
  const second = await take(client, secret.length)
  t.teardown(() => client.destroy())
  return { plain: first.equals(plain), secret: second.equals(secret) }
}

for (const small of [true, false]) {
  const size = small ? 3000 : 3_000_000
  await trial(
    t,
    `a file of ${size} bytes that is pending goes in the clear, what follows does not`,
    async (t, scheme) => {
      const file = join(folder, `${scheme}-${size}`)
      const content = randomBytes(size)
      writeFileSync(file, content)
      const fd = openSync(file, 'r')
      t.teardown(() => closeSync(fd))
      const [head, tail, after] = [randomBytes(100), randomBytes(70_000), randomBytes(200_000)]
      const tokens: unknown[] = []
      const { port, server, lines } = await story(t, scheme, server => ({
        data(id) {
          server().send(id, head)
          server().send(id, new FileRegion({ fd }), { token: 'file' })
          server().send(id, tail)
          server().secure(id, credentials)
          server().send(id, after)
          server().send(id, new FileRegion({ fd }), { token: 'file, encrypted' })
          return undefined
        },
        sent(_id, token, error) {
          tokens.push(error ?? token)
        },
      }))
      const plain = Buffer.concat([head, content, tail])
      const secret = Buffer.concat([after, content])
      t.strictSame(await hears(port, 'go', plain, secret), { plain: true, secret: true })
      await until('all has gone', () => tokens.length === 2)
      t.strictSame(tokens, ['file', 'file, encrypted'])
      t.strictSame(lines.slice(0, 2), ['data go', 'secured TLSv1.3'])
      t.equal(server.pending(1), 0)
    },
  )
}

/** Handlers in which a connection may be secured while output is on its way: its own, and those of another. */
const places = ['prewrite', 'postwrite', 'sent'] as const
for (const place of places) {
  for (const others of [false, true]) {
    const name = `secured in ${place}${others ? ' of another connection' : ''}, with output on its way`
    await trial(t, name, async (t, scheme) => {
      const [plain, secret] = [randomBytes(50_000), randomBytes(50_000)]
      let done = false
      const secure = (server: Server, id: number): Action | undefined => {
        if (done || (others && id === 1)) return undefined
        done = true
        if (!server.secure(1, credentials)) throw new Error('it was refused')
        server.send(1, secret)
        return undefined
      }
      const { port, lines } = await story(t, scheme, server => {
        const events: Events = {
          data(id) {
            if (others && id === 1) return undefined
            server().send(1, plain, { token: 1 })
            if (others) server().send(id, 'x', { token: 2 })
            return undefined
          },
        }
        const run = (id: number) => secure(server(), id)
        return { ...events, [place]: run }
      })
      const first = connect(port, 'go')
      if (others) await until('the first has spoken', () => lines.length > 0)
      const second = others ? connect(port, 'go') : undefined
      const sum = await take(first, plain.length)
      t.ok(sum.equals(plain), 'the plain bytes')
      const client = over(first)
      t.ok((await take(client, secret.length)).equals(secret), 'the encrypted ones')
      client.destroy()
      second?.destroy()
    })
  }
}

/** Handlers in which a connection may be secured, and whether it can be. */
const handlers: [string, (secure: (id: number) => boolean) => Events, boolean | 'throws'][] = [
  ['opened', secure => ({ opened: id => void secure(id) }), true],
  ['data', secure => ({ data: id => void secure(id) }), true],
  ['a data that is promised', secure => ({ data: async id => void secure(id) }), true],
  ['expired', secure => ({ expired: id => void secure(id) }), true],
  [
    'ended',
    secure => ({
      opened: () => [null, { halfOpen: true }],
      ended: id => (secure(id) ? undefined : [null, Action.Close]),
    }),
    false,
  ],
  ['closed', secure => ({ closed: id => void secure(id) }), false],
]
for (const [handler, make, expected] of handlers) {
  await trial(t, `secured in ${handler}`, async (t, scheme) => {
    const answers: boolean[] = []
    const { port, server, lines } = await story(t, scheme, server => {
      const events = make(id => {
        const answer = server().secure(id, credentials)
        answers.push(answer)
        if (answer) t.throws(() => server().secure(id, credentials), { code: 'ERR_UNSUPPORTED' })
        return answer
      })
      return { secured: () => ['safe'], ...events }
    })
    const socket = connect(port, handler.includes('data') ? 'x' : '')
    if (handler === 'expired') {
      await until('it is there', () => server.deadline(1, 0))
    }
    if (handler === 'ended' || handler === 'closed') socket.end()
    await until('an answer', () => answers.length > 0)
    t.strictSame(answers, [expected])
    if (expected === true) {
      const client = over(socket)
      t.equal(String(await take(client, 4)), 'safe')
      t.ok(lines.includes('secured TLSv1.3'))
      client.destroy()
    }
    socket.destroy()
    await until('its end', () => server.stats().connections === 0)
  })
}

/** How either side may leave while a connection becomes TLS. */
const leavings: Record<string, (server: Server, socket: net.Socket) => void> = {
  'the peer resets': (_server, socket) => socket.resetAndDestroy(),
  'the peer ends': (_server, socket) => socket.end(),
  'a Reset of this side': server => void server.send(1, '', Action.Reset),
  'a Close, and the peer resets': (server, socket) => {
    server.send(1, '', Action.Close)
    socket.resetAndDestroy()
  },
  'a Detach, and the peer resets': (server, socket) => {
    server.send(1, '', Action.Detach)
    socket.resetAndDestroy()
  },
  'the end of the loop': server => void server.shutdown({ timeout: 0 }),
}
for (const [leaving, leave] of Object.entries(leavings)) {
  await trial(t, `while it becomes TLS: ${leaving}`, async (t, scheme) => {
    // Bytes of the handshake that have come by then; below 0: plain output is still on its way.
    for (const sent of [-1, 0, 3, 20]) {
      let closes = 0
      const { port, server, lines, closed } = await story(t, scheme, server => ({
        // A peer that has ended may still read, and be waited for.
        opened: () => [null, { writeTimeout: 200 }],
        data(id) {
          server().send(id, sent < 0 ? randomBytes(8_000_000) : 'plain')
          server().secure(id, credentials)
          server().send(id, 'secret')
          return undefined
        },
        detached: (_id, socket) => void socket.destroy(),
        closed: () => void closes++,
      }))
      const socket = connect(port, 'go')
      await until('the command', () => lines.length > 0)
      if (sent >= 0) {
        const plain = await take(socket, 5)
        t.equal(String(plain), 'plain')
        if (sent > 0)
          socket.write(Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1]), Buffer.alloc(14)]).subarray(0, sent))
      } else socket.pause()
      leave(server, socket)
      await closed
      t.equal(closes, 1)
      t.notOk(lines.some(line => line.startsWith('secured')))
      t.equal(socket.read()?.includes('secret') ?? false, false)
      socket.destroy()
    }
  })
}
