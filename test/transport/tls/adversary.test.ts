import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import type { Events, Server } from '../../../lib/index.js'
import { until } from '../until.js'
import { type Ground, onTls, portOf, promised } from './on-tls.js'

/** What goes one way: each record as it came, and what takes its place. `undefined` cuts the connection there. */
type Tamper = (record: Buffer, index: number) => Buffer | undefined

/** A way in between that takes records apart. It tampers with what clients send, or with what the server does. */
async function between(t: Test, port: number, toServer: Tamper, toClient: Tamper = record => record) {
  const proxy = net.createServer({ noDelay: true }, near => {
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true })
    for (const [from, to, tamper] of [
      [near, far, toServer],
      [far, near, toClient],
    ] as const) {
      let held = Buffer.alloc(0)
      let index = 0
      from.on('error', () => {})
      from.on('data', (bytes: Buffer) => {
        held = Buffer.concat([held, bytes])
        for (let size = sizeOf(held); size <= held.length; size = sizeOf(held)) {
          const changed = tamper(held.subarray(0, size), index++)
          held = held.subarray(size)
          if (changed !== undefined) to.write(changed)
          else {
            from.destroy()
            to.resetAndDestroy()
            return
          }
        }
      })
      from.on('end', () => to.end(held))
      from.on('close', () => to.destroy())
    }
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => proxy.close())
  return (proxy.address() as net.AddressInfo).port
}

/** Of the first record, with its head; infinite before that is there. */
function sizeOf(bytes: Buffer): number {
  return bytes.length < 5 ? Number.POSITIVE_INFINITY : 5 + bytes.readUInt16BE(3)
}

function changed(record: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(record)
  change(copy)
  return copy
}

const flip = (at: number, bits: number) => (record: Buffer) =>
  changed(record, copy => {
    const index = at < 0 ? copy.length + at : at
    copy[index] = (copy[index] ?? 0) ^ bits
  })
const resized = (by: number) => (record: Buffer) =>
  changed(record, copy => copy.writeUInt16BE((record.readUInt16BE(3) + by) & 0xffff, 3))

/** What becomes of one record. */
const mutations: Record<string, (record: Buffer) => Buffer | undefined> = {
  'another type': flip(0, 3),
  'no type': flip(0, 255),
  'another version': flip(1, 2),
  'one byte less': resized(-1),
  'one byte more': resized(1),
  'as large as may be written': record => changed(record, copy => copy.writeUInt16BE(0xffff, 3)),
  'without content': record => changed(record.subarray(0, 5), copy => copy.writeUInt16BE(0, 3)),
  'another first byte': flip(5, 1),
  'another last byte': flip(-1, 128),
  twice: record => Buffer.concat([record, record]),
  'not at all': () => Buffer.alloc(0),
  'behind an alert': record => Buffer.concat([Buffer.from([21, 3, 3, 0, 2, 1, 90]), record]),
  'behind a fatal alert': record => Buffer.concat([Buffer.from([21, 3, 3, 0, 2, 2, 80]), record]),
  'behind 40 empty ones': record => Buffer.concat([...Array(40).fill(Buffer.from([23, 3, 3, 0, 0])), record]),
  'behind 40 changes of cipher': record =>
    Buffer.concat([...Array(40).fill(Buffer.from([20, 3, 3, 0, 1, 1])), record]),
  'behind plain text': record => Buffer.concat([Buffer.from('GET / HTTP/1.1\r\n\r\n'), record]),
  'a reset': () => undefined,
}

const SAID = 'said in peace'

/** An echo, and what it has heard of each connection. */
function echo() {
  const heard = new Map<number, string>()
  const failures: NodeJS.ErrnoException[] = []
  const events: Events = {
    data(id, input) {
      heard.set(id, `${heard.get(id) ?? ''}${input}`)
      return [input]
    },
    tlsFailed: error => void failures.push(error),
  }
  return { events, heard, failures }
}

async function lives(t: Test, server: Server, { authority }: Ground): Promise<void> {
  const port = portOf(server)
  const socket = tls.connect({ port, host: '127.0.0.1', ca: authority.cert, servername: 'localhost' })
  socket.write('alive')
  t.equal(String((await once(socket, 'data'))[0]), 'alive')
  socket.destroy()
  await until('nobody is left', () => server.stats().connections === 0)
}

function settled(socket: net.Socket): Promise<void> {
  return new Promise(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve())))
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  await onTls(t, `${version}: any record of a client may be another one`, async (t, ground) => {
    const { events, heard } = echo()
    const server = await ground.serve(events)
    const tries: Promise<void>[] = []
    for (const mutate of Object.values(mutations)) {
      for (let at = 0; at < 4; at++) {
        const port = await between(t, portOf(server), (record, index) =>
          index === at ? mutate(record) : record,
        )
        const client = tls.connect({
          port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          maxVersion: version,
        })
        client.on('error', () => {})
        client.on('data', () => client.end())
        client.write(SAID)
        client.setTimeout(400, () => client.destroy())
        tries.push(settled(client))
      }
    }
    await Promise.all(tries)
    for (const text of heard.values()) t.ok(SAID.startsWith(text), 'nothing but what was said')
    await lives(t, server, ground)
  })

  await onTls(
    t,
    `${version}: any record of a server that is dialled may be another one`,
    async (t, ground) => {
      const said = tls.createServer({ ...ground.tls, maxVersion: version }, socket => {
        socket.on('error', () => {})
        socket.end(SAID)
      })
      said.on('tlsClientError', () => {})
      await once(said.listen(0, '127.0.0.1'), 'listening')
      t.teardown(() => said.close())
      const server = await ground.serve({})
      const tries: Promise<string>[] = []
      for (const mutate of Object.values(mutations)) {
        for (let at = 0; at < 4; at++) {
          const port = await between(
            t,
            (said.address() as net.AddressInfo).port,
            record => record,
            (record, index) => (index === at ? mutate(record) : record),
          )
          const { promise, resolve } = promised<string>()
          let text = ''
          const events: Events = {
            opened: () => [null, { idleTimeout: 400 }],
            data(_id, input) {
              text += input
            },
            closed: () => resolve(text),
          }
          // Options of its own for each, so that no session is resumed.
          const tls = { ca: ground.authority.cert, handshakeTimeout: 400 + tries.length }
          server.dial(`${ground.scheme}://127.0.0.1:${port}`, { events, tls })
          tries.push(promise)
        }
      }
      for (const text of await Promise.all(tries)) t.ok(SAID.startsWith(text), 'nothing but what was said')
      await until('nobody is left', () => server.stats().connections === 0)
    },
  )

  await onTls(
    t,
    `${version}: a hello in many records, and all records in many segments`,
    async (t, ground) => {
      const server = await ground.serve(echo().events)
      for (const size of [1, 7, 100]) {
        const pieces = (record: Buffer, index: number): Buffer => {
          if (index > 0) return record
          const parts: Buffer[] = []
          for (let at = 5; at < record.length; at += size) {
            const part = record.subarray(at, at + size)
            parts.push(
              changed(Buffer.concat([record.subarray(0, 5), part]), copy =>
                copy.writeUInt16BE(part.length, 3),
              ),
            )
          }
          return Buffer.concat(parts)
        }
        const port = await between(t, portOf(server), pieces)
        const { cert: ca } = ground.authority
        const client = tls.connect({
          port,
          host: '127.0.0.1',
          ca,
          servername: 'localhost',
          maxVersion: version,
        })
        client.write(SAID)
        t.equal(String((await once(client, 'data'))[0]), SAID, `${size} bytes each`)
        client.destroy()
      }
      await lives(t, server, ground)
    },
  )
}

/** Names as they may come, all of the same length, and what a server is told of them: undefined for no name. */
const ASKED = 'aaaa.example'
const names: [string, (hello: Buffer, at: number) => void, string | undefined][] = [
  ['as it is', () => {}, ASKED],
  ['capitals', (hello, at) => void hello.write('AAAA', at), 'AAAA.example'],
  ['a path', (hello, at) => void hello.write('../.', at), '../..example'],
  ['a space and a dot at the end', (hello, at) => void hello.write(' .', at + 10), 'aaaa.examp .'],
  ['bytes that are no text', (hello, at) => void hello.fill(0xff, at, at + 2), undefined],
  ['a byte of 0', (hello, at) => void hello.writeUInt8(0, at + 4), undefined],
  ['only zeros', (hello, at) => void hello.fill(0, at, at + 12), undefined],
  ['another kind of name', (hello, at) => void hello.writeUInt8(1, at - 3), undefined],
  ['a name that is longer than its list', (hello, at) => void hello.writeUInt16BE(13, at - 2), undefined],
  ['a name that is shorter', (hello, at) => void hello.writeUInt16BE(11, at - 2), undefined],
  ['no name in the list', (hello, at) => void hello.writeUInt16BE(0, at - 2), undefined],
  ['a list that is longer', (hello, at) => void hello.writeUInt16BE(16, at - 5), undefined],
  ['a list that is shorter', (hello, at) => void hello.writeUInt16BE(2, at - 5), undefined],
]

await onTls(t, 'names of odd forms', async (t, ground) => {
  const asked: string[] = []
  const { events, failures } = echo()
  const choose = (name: string) => void asked.push(name)
  const server = await ground.serve(events, { ...ground.tls, choose })
  for (const [what, change, expected] of names) {
    asked.length = 0
    failures.length = 0
    const port = await between(t, portOf(server), (record, index) => {
      const at = index === 0 ? record.indexOf(ASKED) : -1
      return at < 0 ? record : changed(record, copy => change(copy, at))
    })
    const client = tls.connect({ port, host: '127.0.0.1', servername: ASKED, rejectUnauthorized: false })
    client.on('error', () => {})
    // Where the hello is not what the client takes it for its side fails.
    client.on('secureConnect', () => client.end())
    await settled(client)
    await until('a failure', () => failures.length === 1 || what === 'as it is')
    if (expected !== undefined) t.strictSame(asked, [expected], what)
    else t.notOk(asked.includes(ASKED), what)
    for (const error of failures) t.match(error.code, /^(ERR_TLS|ECONNRESET)$/, what)
  }
  await lives(t, server, ground)
})
