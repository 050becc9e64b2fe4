import t from 'tap'
import { limitCases, protocolCases } from './autobahn.js'
import { binary, close, frame, more, ping, text } from './frames.js'
import { type Reading, read, ways } from './reading.js'

t.test('the cases of chapters 1 to 7, whole and in pieces', async t => {
  for (const { name, input, found } of protocolCases) {
    for (const way of ways(input)) {
      const got = read(way.pieces)
      if (!same(got, found)) t.strictSame(shorten(got), shorten(found), `${name}, ${way.name}`)
    }
    t.pass(name)
  }
})

t.test('the cases of chapters 9 and 10, whole and in pieces', async t => {
  const limits = { maxMessage: 16 * 1024 * 1024, maxFragments: 65_536 }
  for (const { name, input, found } of limitCases()) {
    for (const size of [input.length, 65_536, 2048, 997]) {
      const pieces = Array.from({ length: Math.ceil(input.length / size) }, (_, index) =>
        input.subarray(index * size, (index + 1) * size),
      )
      const got = read(pieces, limits)
      if (!same(got, found)) t.strictSame(shorten(got), shorten(found), `${name}, in pieces of ${size}`)
    }
    t.pass(name)
  }
})

interface Own {
  readonly rule: string
  readonly input: readonly Buffer[]
  readonly found: readonly string[]
  readonly options?: Reading
}

const own: readonly Own[] = [
  { rule: 'a client masks', input: [text('a'), text('b', { key: null })], found: ['text a', 'bad 1002'] },
  { rule: 'a client masks control frames', input: [ping('', { key: null })], found: ['bad 1002'] },
  { rule: 'a key of zeros is one', input: [text('plain', { key: 0 })], found: ['text plain'] },
  {
    rule: 'a length takes as few bytes as it can, of two',
    input: [text('abc', { lengthBytes: 2 })],
    found: ['bad 1002'],
  },
  {
    rule: 'a length takes as few bytes as it can, of eight',
    input: [binary(Buffer.alloc(65_535), { lengthBytes: 8 })],
    found: ['bad 1002'],
  },
  { rule: 'a ping has no long length', input: [ping('abc', { lengthBytes: 2 })], found: ['bad 1002'] },
  { rule: 'a length has 63 bits', input: [Buffer.from('82ff8000000000000000', 'hex')], found: ['bad 1002'] },
  {
    rule: 'an enormous length is a message that is too long',
    input: [Buffer.from('82ff0000010000000000', 'hex'), Buffer.alloc(4)],
    found: ['bad 1009'],
  },
  {
    rule: 'the largest length of all is one as well',
    input: [Buffer.from('82ff7fffffffffffffff', 'hex'), Buffer.alloc(4)],
    found: ['bad 1009'],
  },
  {
    rule: 'too long is known by the head',
    input: [binary('', { length: 101 })],
    found: ['bad 1009'],
    options: { maxMessage: 100 },
  },
  {
    rule: 'as long as may be',
    input: [binary(Buffer.alloc(3))],
    found: ['binary 000000'],
    options: { maxMessage: 3 },
  },
  {
    rule: 'fragments count together',
    input: [text('ab', { fin: false }), more('', { length: 2 })],
    found: ['bad 1009'],
    options: { maxMessage: 3 },
  },
  {
    rule: 'pings between do not count',
    input: [text('ab', { fin: false }), ping('xyz'), more('c')],
    found: ['ping 78797a', 'text abc'],
    options: { maxMessage: 3 },
  },
  {
    rule: 'as many fragments as may be',
    input: [text('', { fin: false }), more('', { fin: false }), more('')],
    found: ['text '],
    options: { maxFragments: 3 },
  },
  {
    rule: 'more, though empty',
    input: [text('', { fin: false }), more('', { fin: false }), more('', { fin: false })],
    found: ['bad 1008'],
    options: { maxFragments: 2 },
  },
  { rule: 'RSV1 only where it was agreed on', input: [text('a', { rsv: 4 })], found: ['bad 1002'] },
  {
    rule: 'RSV1 where it was',
    input: [text('a', { rsv: 4, fin: false }), more('b'), text('c')],
    found: ['compressed text 6162', 'text c'],
    options: { compression: true },
  },
  {
    rule: 'RSV1 begins a message',
    input: [text('a', { rsv: 4, fin: false }), more('b', { rsv: 4 })],
    found: ['bad 1002'],
    options: { compression: true },
  },
  {
    rule: 'no RSV1 in control frames',
    input: [ping('', { rsv: 4 })],
    found: ['bad 1002'],
    options: { compression: true },
  },
  {
    rule: 'nor the other bits',
    input: [text('a', { rsv: 6 })],
    found: ['bad 1002'],
    options: { compression: true },
  },
  {
    rule: 'what is compressed is not looked at as text',
    input: [text(Buffer.from('fffe', 'hex'), { rsv: 4 })],
    found: ['compressed text fffe'],
    options: { compression: true },
  },
  { rule: 'a close frame in fragments', input: [frame({ opcode: 8, fin: false })], found: ['bad 1002'] },
  {
    rule: 'a close frame between fragments',
    input: [text('a', { fin: false }), close(1001, 'gone')],
    found: ['close 1001 gone'],
  },
  {
    rule: 'binary is no text',
    input: [binary(Buffer.from('fffe', 'hex'), { fin: false }), more(Buffer.from('ed', 'hex'))],
    found: ['binary fffeed'],
  },
  { rule: 'codes that others registered', input: [close(1012)], found: ['close 1012 '] },
  { rule: 'a code for TLS', input: [close(1015)], found: ['bad 1002'] },
]

t.test('rules of our own, whole and in pieces', async t => {
  for (const { rule, input, found, options } of own) {
    for (const { name, pieces } of ways(Buffer.concat(input))) {
      t.strictSame(read(pieces, options), found, `${rule}, ${name}`)
    }
  }
})

t.test('text that is wrong is refused as soon as it is, in the middle of a frame', async t => {
  const whole = text(Buffer.concat([Buffer.from('ok'), Buffer.from('f490', 'hex'), Buffer.alloc(50, 'x')]))
  t.strictSame(read([whole.subarray(0, 9)]), [], 'F4 may begin a character')
  t.strictSame(read([whole.subarray(0, 10)]), ['bad 1007'])
  t.strictSame(read([whole.subarray(0, 6), whole.subarray(6, 10)]), ['bad 1007'])
})

t.test('nothing is allocated for what was only announced', async t => {
  const heads = Array.from({ length: 1000 }, () => binary('x', { length: 1 << 30 }))
  const before = process.memoryUsage().arrayBuffers
  const found = heads.map(head => read([head], { maxMessage: 1 << 30 }))
  t.strictSame(found.flat(), [])
  t.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024)
})

function same(got: readonly string[], wanted: readonly string[]): boolean {
  return got.length === wanted.length && got.every((found, index) => found === wanted[index])
}

function shorten(found: readonly string[]): string[] {
  return found.slice(0, 5).map(each => (each.length > 100 ? `${each.slice(0, 100)}… (${each.length})` : each))
}
