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
