import { Buffer } from 'node:buffer'
import t from 'tap'
import { InputStream } from '../lib/index.js'
import { pattern } from './transport/pattern.js'

t.test('with nothing kept, what comes in is what is parsed, without a copy', async t => {
  const stream = new InputStream()
  const input = Buffer.from('abc')
  t.equal(stream.begin(input), input)
  stream.end(input.subarray(3))
  t.equal(stream.buffered, 0)
  const plain = new Uint8Array([1, 2])
  const begun = stream.begin(plain)
  t.ok(Buffer.isBuffer(begun))
  t.equal(begun.buffer, plain.buffer)
})

t.test('the tail that was kept comes before the next input', async t => {
  const stream = new InputStream()
  stream.end(stream.begin(Buffer.from('one tw')).subarray(4))
  t.equal(stream.buffered, 2)
  const begun = stream.begin(Buffer.from('o three'))
  t.equal(begun.toString(), 'two three')
  stream.end(begun.subarray(4))
  t.equal(stream.begin(Buffer.from('!')).toString(), 'three!')
})

t.test('after a wake there is what was kept, and no more', async t => {
  const stream = new InputStream()
  t.equal(stream.begin(null).length, 0)
  stream.end(stream.begin(Buffer.from('kept')))
  t.equal(stream.begin(null).toString(), 'kept')
  t.equal(stream.buffered, 4)
})

t.test('what was kept is a copy: the input may be used again', async t => {
  const stream = new InputStream()
  const input = Buffer.from('first')
  stream.end(stream.begin(input))
  input.fill('!')
  const second = Buffer.from(' second')
  const begun = stream.begin(second)
  second.fill('!')
  t.equal(begun.toString(), 'first second')
})

t.test('a handler that gives no end is given all of it again', async t => {
  const stream = new InputStream()
  stream.begin(Buffer.from('lost'))
  t.equal(stream.begin(Buffer.from('next')).toString(), 'lostnext')
})

t.test('messages of any length in pieces of any length come out whole', async t => {
  const source = pattern(300_000, 3)
  let random = 1
  const below = (limit: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    return random % limit
  }
  const stream = new InputStream()
  const out: Buffer[] = []
  for (let at = 0; at < source.length; ) {
    const size = 1 + below([5, 300, 20_000][below(3)] ?? 1)
    const bytes = stream.begin(source.subarray(at, at + size))
    at += size
    const used = below(bytes.length + 1)
    out.push(Buffer.from(bytes.subarray(0, used)))
    stream.end(bytes.subarray(used))
  }
  out.push(Buffer.from(stream.begin(null)))
  t.ok(Buffer.concat(out).equals(source))
})

t.test('byte by byte, a long message costs a bounded number of copies', async t => {
  const length = 400_000
  const stream = new InputStream()
  const byte = Buffer.from('x')
  const started = performance.now()
  for (let count = 0; count < length; count++) stream.end(stream.begin(byte))
  t.equal(stream.buffered, length)
  // Copied whole for every byte, it would be 80 GB.
  t.ok(performance.now() - started < 5000)
})

t.test('many small messages in one large input are not moved for each', async t => {
  const count = 200_000
  const stream = new InputStream()
  stream.end(stream.begin(Buffer.alloc(1)))
  let bytes = stream.begin(Buffer.alloc(10 * count))
  const started = performance.now()
  while (bytes.length > 10) {
    stream.end(bytes.subarray(10))
    bytes = stream.begin(null)
  }
  t.ok(performance.now() - started < 5000)
})

t.test('more than maxBuffered is an error that says so, and up to it is none', async t => {
  const stream = new InputStream({ maxBuffered: 4 })
  stream.end(stream.begin(Buffer.from('1234')))
  const begun = stream.begin(Buffer.from('5'))
  t.throws(() => stream.end(begun), { code: 'ENOBUFS', message: /^5 bytes .* maxBuffered, 4$/ })
  stream.end(begun.subarray(1))
  t.equal(stream.buffered, 4)
})
