import { Buffer } from 'node:buffer'
import t from 'tap'
import { InputStream } from '../lib/index.js'

/** Every way to cut bytes in two, all of them one by one, and whole. */
function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes]
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield [...bytes].map(byte => Buffer.from([byte]))
}

/** What is split off, input by input. Each piece is copied, as it is only valid until the next call. */
function split(parts: Buffer[], pieces: (part: Buffer) => Iterable<Buffer>): string[] {
  return parts.flatMap(part => Array.from(pieces(part), piece => piece.toString('latin1')))
}

t.test('lines are the same wherever the input is cut, and the rest is kept', async t => {
  for (const delimiter of ['\n', '\r\n', '--', Buffer.from([0])]) {
    const text = ['one', '', 'three', '\r', 'rest'].join(delimiter.toString())
    for (const parts of cuts(Buffer.from(text))) {
      const stream = new InputStream()
      t.strictSame(
        split(parts, part => stream.lines(part, { delimiter })),
        ['one', '', 'three', '\r'],
      )
      t.equal(stream.buffered, 4)
    }
  }
})

t.test('frames are the same wherever the input is cut', async t => {
  for (const lengthBytes of [1, 2, 4] as const) {
    for (const endian of ['big', 'little'] as const) {
      for (const includesHeader of [false, true]) {
        const frame = (body: string) => {
          const header = Buffer.alloc(lengthBytes)
          const length = body.length + (includesHeader ? lengthBytes : 0)
          if (endian === 'big') header.writeUIntBE(length, 0, lengthBytes)
          else header.writeUIntLE(length, 0, lengthBytes)
          return Buffer.concat([header, Buffer.from(body)])
        }
        const whole = Buffer.concat([frame('one'), frame(''), frame('three'), frame('half').subarray(0, 5)])
        for (const parts of cuts(whole)) {
          const stream = new InputStream()
          const options = { lengthBytes, endian, includesHeader }
          const [one, empty, three, half] = split(parts, part => stream.frames(part, options))
          t.strictSame([one, empty, three], ['one', '', 'three'])
          t.equal(half, lengthBytes === 1 ? 'half' : undefined)
        }
      }
    }
  }
})

t.test('what is not asked for is kept: after a break, a throw, and without any iteration', async t => {
  const stream = new InputStream()
  for (const line of stream.lines(Buffer.from('head\nbody!rest\n'))) {
    t.equal(String(line), 'head')
    break
  }
  t.equal(String(stream.take(5)), 'body!')
  t.throws(() => {
    for (const _line of stream.lines(Buffer.from('x\ny'))) throw new Error('on purpose')
  })
  stream.lines(Buffer.from('z\n'))
  t.strictSame(
    split([Buffer.from('last\n')], part => stream.lines(part)),
    ['x', 'yz', 'last'],
  )
})

t.test('take gives bytes once there are enough', async t => {
  const stream = new InputStream()
  t.equal(stream.take(3, Buffer.from('ab')), undefined)
  t.equal(String(stream.take(3, Buffer.from('cd'))), 'abc')
  t.equal(stream.buffered, 1)
  t.equal(String(stream.take(0)), '')
  t.throws(() => stream.take(-1), { code: 'ERR_OPTION' })
})

t.test('a line or frame that is too long is refused as soon as that is clear', async t => {
  const long = { code: 'ENOBUFS', message: /longer than maxLength, 3/ }
  t.throws(() => [...new InputStream().lines(Buffer.from('abcd'), { maxLength: 3 })], long)
  t.strictSame([...new InputStream().lines(Buffer.from('abc\n'), { maxLength: 3 })].map(String), ['abc'])
  t.throws(() => [...new InputStream().frames(Buffer.from([0, 0, 0, 4]), { maxLength: 3 })], long)
  const short = { code: 'EMSGSIZE', message: /length is 1, and includes a header of 2/ }
  t.throws(
    () => [...new InputStream().frames(Buffer.from([0, 1]), { lengthBytes: 2, includesHeader: true })],
    short,
  )
})

t.test('a line may be as long as maxLength while only a part of its delimiter is there', async t => {
  for (const delimiter of ['\r\n', '----', '\r\n\r\n']) {
    const text = Buffer.from(`abc${delimiter}abc${delimiter}`)
    for (const parts of cuts(text)) {
      const stream = new InputStream()
      const lines = split(parts, part => stream.lines(part, { delimiter, maxLength: 3 }))
      t.strictSame(lines, ['abc', 'abc'], `${JSON.stringify(delimiter)} in ${parts.length} parts`)
    }
  }
  const options = { delimiter: '\r\n', maxLength: 3 }
  const message = 'a line of at least 4 bytes is longer than maxLength, 3'
  t.throws(() => [...new InputStream().lines(Buffer.from('abcd\r'), options)], { code: 'ENOBUFS', message })
  const whole = 'a line of 5 bytes is longer than maxLength, 3'
  t.throws(() => [...new InputStream().lines(Buffer.from('abcde\r\n'), options)], { message: whole })
})

t.test('what was searched for one delimiter is searched again for another', async t => {
  const stream = new InputStream()
  t.strictSame([...stream.lines(Buffer.from('a\nb'), { delimiter: '\r\n' })], [])
  t.strictSame(
    split([Buffer.from('c\n')], part => stream.lines(part)),
    ['a', 'bc'],
  )
})

t.test('options that are wrong are named with what was given', async t => {
  const stream = new InputStream()
  const wrong: [string, () => unknown][] = [
    ['delimiter', () => stream.lines(null, { delimiter: '' })],
    ['delimiter', () => stream.lines(null, { delimiter: 5 as never })],
    ['maxLength', () => stream.lines(null, { maxLength: -1 })],
    ['lengthBytes', () => stream.frames(null, { lengthBytes: 3 as never })],
    ['endian', () => stream.frames(null, { endian: 'middle' as never })],
    ['includesHeader', () => stream.frames(null, { includesHeader: 1 as never })],
    ['length', () => stream.frames(null, { length: 1 } as never)],
  ]
  for (const [name, call] of wrong) t.throws(call, { code: 'ERR_OPTION', message: new RegExp(name) })
  t.throws(() => stream.end('xyz' as never), { code: 'ERR_OPTION', message: /received string/ })
})

t.test('begin without an end loses nothing', async t => {
  const stream = new InputStream()
  stream.begin(Buffer.from('one '))
  stream.begin(Buffer.from('two '))
  t.equal(String(stream.begin(Buffer.from('three'))), 'one two three')
})

t.test('a long line that dribbles in costs time in proportion to its length', async t => {
  const stream = new InputStream()
  const byte = Buffer.from('x')
  const lines: number[] = []
  for (let count = 0; count < 300_000; count++) for (const line of stream.lines(byte)) lines.push(line.length)
  for (const line of stream.lines(Buffer.from('\n'))) lines.push(line.length)
  t.strictSame(lines, [300_000])
})
