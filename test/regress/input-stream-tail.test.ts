import { Buffer } from 'node:buffer'
import t from 'tap'
import { InputStream } from '../../lib/index.js'

/** Takes what is whole off a stream of lines, and looks at it only after the rest has been kept. */
function linesOf(stream: InputStream, text: string): string {
  const bytes = stream.begin(Buffer.from(text))
  const end = bytes.lastIndexOf('\n') + 1
  stream.end(bytes.subarray(end))
  return bytes.subarray(0, end).toString()
}

t.test('what begin gave stays as it is when the rest of it has been kept', async t => {
  const stream = new InputStream()
  t.equal(linesOf(stream, 'ab'), '')
  t.equal(linesOf(stream, 'c\nde'), 'abc\n')
  t.equal(linesOf(stream, 'f\ng\nhi'), 'def\ng\n')
  t.equal(linesOf(stream, '\n'), 'hi\n')
  t.equal(stream.buffered, 0)
})

t.test('a rest of the same pool as what is kept, and not of it, is kept as it is', async t => {
  const stream = new InputStream()
  for (const rest of ['one', 'two and', 'three']) {
    stream.end(Buffer.from(rest))
    t.equal(stream.begin(null).toString(), rest)
  }
})

t.test('a long message in small pieces, with others before it, comes out whole', async t => {
  const stream = new InputStream()
  let sent = ''
  let got = ''
  for (let piece = 0; piece < 5000; piece++) {
    const text = piece % 97 === 0 ? `${piece}\n` : `${piece} `
    sent += text
    got += linesOf(stream, text)
  }
  t.equal(got + stream.begin(null).toString(), sent)
})

t.test('what is buffered during an iteration is what follows its line or frame', async t => {
  for (const kept of ['', 'on']) {
    const stream = new InputStream()
    stream.end(Buffer.from(kept))
    const left: number[] = []
    for (const line of stream.lines(Buffer.from('one\ntwo\nthr'.slice(kept.length)))) {
      left.push(stream.buffered)
      t.match(line.toString(), /^(one|two)$/)
    }
    t.strictSame(left, [7, 3])
    t.equal(stream.buffered, 3)
  }
  const stream = new InputStream()
  for (const frame of stream.frames(Buffer.from('\x01a\x02bcxyz'), { lengthBytes: 1 })) {
    if (frame.toString() === 'bc') break
    t.equal(stream.buffered, 6)
  }
  t.equal(stream.buffered, 3)
})

t.test('take within an iteration returns what follows, and the iteration goes on after it', async t => {
  for (const kept of [0, 1, 6]) {
    const stream = new InputStream()
    const bytes = Buffer.from('3\nabc2\nde0\n5\nfghij7\nkl')
    stream.end(bytes.subarray(0, kept))
    const bodies: unknown[] = []
    for (const line of stream.lines(bytes.subarray(kept))) bodies.push(stream.take(Number(line))?.toString())
    t.strictSame(bodies, ['abc', 'de', '', 'fghij', undefined], `${kept} bytes kept before`)
    t.equal(stream.take(7, Buffer.from('mnopq'))?.toString(), 'klmnopq')
  }
  const stream = new InputStream()
  const seen: string[] = []
  for (const frame of stream.frames(Buffer.from('\x01a1\x01b2\x01c3'), { lengthBytes: 1 })) {
    seen.push(`${frame}${stream.take(1)}`)
    if (seen.length === 2) break
  }
  t.strictSame(seen, ['a1', 'b2'])
  t.equal(stream.begin(null).toString(), '\x01c3')
})

t.test('an iteration that is given up without an end does not deliver its lines again', async t => {
  const stream = new InputStream()
  t.equal(String(stream.lines(Buffer.from('one\ntwo\nthree\n')).next().value), 'one')
  t.strictSame([...stream.lines(null)].map(String), ['two', 'three'])
  t.equal(stream.buffered, 0)
})
