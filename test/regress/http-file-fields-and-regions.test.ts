import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileRegion } from 'revio'
import { files, http } from 'revio/http'
import { simulate } from 'revio/testing'
import t from 'tap'

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`

t.test('responses of files without their content have the fields of the program', t => {
  const root = t.testdir({ 'a.txt': '0123456789' })
  mkdirSync(join(root, 'sub'))
  const headers = { 'x-own': 'yes', location: '/elsewhere', 'content-range': 'none', 'content-type': 'a/b' }
  const peer = simulate(http(files({ root, headers }))).connect()
  const ask = (path: string, fields?: string) => peer.send(get(path, fields)).take()
  for (const [got, status, own] of [
    [ask('/sub'), 301, 'location: /sub/'],
    [ask('/a.txt', 'If-Match: "other"\r\n'), 412, 'content-length: 0'],
    [ask('/a.txt', 'Range: bytes=90-\r\n'), 416, 'content-range: bytes */10'],
  ] as const) {
    const text = got.toLowerCase()
    t.match(text, `http/1.1 ${status} `)
    t.match(text, '\r\nx-own: yes\r\n')
    t.match(text, `\r\n${own}\r\n`)
    t.notMatch(text, 'a/b')
  }
  t.end()
})

t.test('a region of a file that is given twice is answered with 500, and released once', async t => {
  const path = join(t.testdir({}), 'a')
  writeFileSync(path, 'abc')
  const fd = openSync(path, 'r')
  t.teardown(() => closeSync(fd))
  let done = 0
  const region = () => new FileRegion({ fd, done: () => done++ })
  const twice = region()
  const bodies = [[twice, 'x', twice], twice]
  const simulation = simulate(http({ request: () => [{ body: bodies.shift() ?? null }] }), {
    failures: 'collect',
  })
  for (const _ of [1, 2]) t.match(simulation.connect().send(get('/')).received, /^HTTP\/1.1 500 /)
  await new Promise(setImmediate)
  t.equal(done, 1)
  t.end()
})
