import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Action, FileRegion } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

const MIB = 1024 * 1024

/** An open file with these bytes, removed after the test. */
function fileOf(t: Test, bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'revio-file-'))
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r+')
  rmSync(folder, { recursive: true })
  t.teardown(() => closeSync(fd))
  return fd
}

/** Parts of files as output, in place of bytes. */
export const files: Rules = {
  'parts of files go out in their place among bytes, and are counted as pending': async (t, world) => {
    const content = pattern(300_000)
    const fd = fileOf(t, content)
    const done: string[] = []
    const region = (name: string, start: number, end?: number) =>
      new FileRegion({ fd, start, ...(end === undefined ? {} : { end }), done: () => void done.push(name) })
    let pending = 0
    const { server } = await world.serve({
      data(id, input) {
        server.send(id, [`<${input}`, region('a', 10, 20), '>'])
        pending = server.pending(id)
        server.send(id, region('b', 100_000))
        return [['|', region('none', 5, 5), region('c', 0, 1), region('d', 1, 2), '.'], Action.Close]
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended)
    const { subarray } = Buffer.prototype
    const part = (start: number, end: number) => subarray.call(content, start, end)
    const wanted = ['<x', part(10, 20), '>', part(100_000, 300_000), '|', part(0, 2), '.']
    t.equal(pending, 13)
    t.equal(digest(peer.receivedBytes), digest(Buffer.concat(wanted.map(piece => Buffer.from(piece)))))
    await world.until('the descriptor is not used', () => done.length === 5)
    t.strictSame(done.toSorted(), ['a', 'b', 'c', 'd', 'none'])
  },

  'a large file waits for its reader, and its token and `done` come when it has gone': async (t, world) => {
    const content = pattern(3 * world.much)
    const fd = fileOf(t, content)
    const log: string[] = []
    const { server } = await world.serve({
      opened: () => [null, { maxPending: Number.POSITIVE_INFINITY, writeTimeout: 0 }],
      data: () => [[new FileRegion({ fd, done: () => void log.push('done') }), 'behind'], undefined, 'token'],
      sent: (_id, token) => void log.push(String(token)),
    })
    const peer = world.connect(server, { paused: true }).send('x')
    const other = world.connect(server).send('')
    await world.pass(20)
    t.strictSame(log, [], 'nothing is told while the peer does not read')
    peer.resume()
    await world.until('all of it', () => peer.receivedBytes.length >= content.length + 6)
    t.equal(digest(peer.receivedBytes), digest(Buffer.concat([content, Buffer.from('behind')])))
    await world.until('both', () => log.length === 2)
    t.strictSame(log.toSorted(), ['done', 'token'])
    other.close()
  },

  'several connections get the same file, each its own region': async (t, world) => {
    const content = pattern(2 * MIB, 7)
    const fd = fileOf(t, content)
    const { server } = await world.serve({
      data: () => [[new FileRegion({ fd }), new FileRegion({ fd, start: MIB })], Action.End],
    })
    const peers = [1, 2, 3].map(() => world.connect(server).send('x'))
    await world.until('all ends', () => peers.every(peer => peer.ended))
    const wanted = digest(Buffer.concat([content, content.subarray(MIB)]))
    for (const peer of peers) t.equal(digest(peer.receivedBytes), wanted)
  },

  'the descriptor is given back when the peer goes, with tokens told of': async (t, world) => {
    const fd = fileOf(t, pattern(3 * world.much))
    const log: string[] = []
    const { server } = await world.serve({
      opened: () => [null, { maxPending: Number.POSITIVE_INFINITY }],
      data: () => [[new FileRegion({ fd, done: () => void log.push('done') })], undefined, 1],
      sent: (_id, _token, error) => void log.push(error === undefined ? 'sent' : 'lost'),
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.pass(20)
    peer.close()
    await world.until('both', () => log.length === 2)
    t.strictSame(log.toSorted(), ['done', 'lost'])
  },

  'output that is refused gives its descriptor back': async (t, world) => {
    const fd = fileOf(t, pattern(1000))
    const done: number[] = []
    const region = (name: number) => new FileRegion({ fd, done: () => void done.push(name) })
    let closed: NodeJS.ErrnoException | undefined
    const { server } = await world.serve({
      opened: () => [null, { maxPending: 500 }],
      data(id) {
        server.send(id, 'x', Action.End)
        t.equal(server.send(id, region(1)), false)
        return [null, Action.Close]
      },
      closed(_id, error) {
        closed = error
      },
    })
    t.equal(server.send(4711, region(2)), false)
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended)
    await world.until('both', () => done.length === 2)
    t.strictSame(done.toSorted(), [1, 2])
    t.equal(closed, undefined)
  },

  'a file that is cut or written to while it goes out breaks its connection': async (t, world) => {
    for (const cut of [true, false]) {
      const content = pattern(3 * world.much)
      const fd = fileOf(t, content)
      const closed: (Error | undefined)[] = []
      let done = 0
      let written = 0
      const { server } = await world.serve({
        opened: () => [null, { maxPending: Number.POSITIVE_INFINITY }],
        data: () => [new FileRegion({ fd, done: () => void done++ })],
        postwrite(_id, amount) {
          written += amount
        },
        closed: (_id, error) => void closed.push(error),
      })
      const peer = world.connect(server, { paused: true }).send('x')
      await world.until('some of it has gone', () => written > 0)
      if (cut) ftruncateSync(fd, MIB)
      else writeSync(fd, 'x', content.length)
      peer.resume()
      await world.until('closed', () => closed.length === 1)
      t.match(closed[0], { code: 'ESTALE', message: `descriptor ${fd}` })
      await world.until('the peer is done', () => peer.closed)
      const got = peer.receivedBytes
      t.ok(got.length < content.length)
      // The OS may return zeros for a truncated file.
      if (!cut) t.equal(digest(got), digest(content.subarray(0, got.length)), 'a beginning of what there was')
      await world.until('done', () => done === 1)
    }
  },

  'a region is good for one output': async (t, world) => {
    const fd = fileOf(t, pattern(10))
    const region = new FileRegion({ fd })
    let failure: unknown
    const { server } = await world.serve({
      data(id) {
        server.send(id, region)
        return [region]
      },
      failed(error) {
        failure = error
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended)
    t.match(failure, { code: 'ERR_REPLY', message: /sent twice/ })
  },
}
