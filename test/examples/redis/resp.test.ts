import { Buffer } from 'node:buffer'
import { InputStream } from 'revio'
import t from 'tap'
import { Answer, Parser } from '../../../examples/redis/resp.js'
import { encode } from './connection.js'
import { Random } from './random.js'

/** Feeds a parser with pieces as a connection would; answers the commands, and the error if there was one. */
function parse(pieces: readonly Buffer[]): { commands: string[][]; error: string } {
  const parser = new Parser()
  const stream = new InputStream()
  const commands: string[][] = []
  for (const piece of pieces) {
    parser.begin(stream.begin(piece))
    let answer = parser.next()
    for (; answer === Answer.Consumed; answer = parser.next()) {
      const { args } = parser
      commands.push(Array.from({ length: args.count }, (_, index) => args.copy(index).toString('latin1')))
    }
    if (answer === Answer.Invalid) return { commands, error: parser.error }
    stream.end(parser.end())
  }
  return { commands, error: '' }
}

function bytewise(input: Buffer): Buffer[] {
  return Array.from(input, byte => Buffer.from([byte]))
}

function slices(input: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + random.below(random.pick([2, 10, 100, 10_000])))
    pieces.push(input.subarray(at, end))
    at = end
  }
  return pieces
}

interface Vector {
  input: string
  commands?: string[][]
  error?: string
}

const GARBAGE = 'x'.repeat(70_000)

const vectors: readonly Vector[] = [
  { input: '*1\r\n$4\r\nPING\r\n', commands: [['PING']] },
  { input: '*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n', commands: [['GET', 'a'], ['PING']] },
  { input: '*2\r\n$0\r\n\r\n$12\r\nab\r\n$1\r\n*1\r\n\r\n', commands: [['', 'ab\r\n$1\r\n*1\r\n']] },
  { input: '*1\r\n$2\r\n\0\xff\r\n', commands: [['\0\xff']] },
  { input: `*1\r\n$100\r\n${'y'.repeat(100)}\r\n`, commands: [['y'.repeat(100)]] },
  // Nothing is said of what stands where a line ends, as long as there are two bytes.
  { input: '*1\rX$4\rXPINGab*1\r\n$4\r\nPING\r\n', commands: [['PING'], ['PING']] },
  { input: '*0\r\nPING\r\n', commands: [[], ['PING']] },
  { input: '*-1\r\nPING\r\n', commands: [[], ['PING']] },
  { input: '*1', commands: [] },
  { input: '*1\r', commands: [] },
  { input: '*1\r\n', commands: [] },
  { input: '*1\r\n$4\r\nPIN', commands: [] },
  { input: '*1\r\n$4\r\nPING\r', commands: [] },
  { input: '*1000000\r\n$536870912\r\nabc', commands: [] },
  { input: '*\r\n', error: 'invalid multibulk length' },
  { input: '*-0\r\n', error: 'invalid multibulk length' },
  { input: '*01\r\n', error: 'invalid multibulk length' },
  { input: '*+1\r\n', error: 'invalid multibulk length' },
  { input: '*1a\r\n', error: 'invalid multibulk length' },
  { input: '* 1\r\n', error: 'invalid multibulk length' },
  { input: '*1048577\r\n', error: 'invalid multibulk length' },
  { input: '*99999999999999999999\r\n', error: 'invalid multibulk length' },
  { input: '*1\r\n:4\r\n', error: "expected '$', got ':'" },
  { input: '*1\r\n\r\n', error: "expected '$', got '\r'" },
  { input: '*1\r\n$-1\r\n', error: 'invalid bulk length' },
  { input: '*1\r\n$04\r\n', error: 'invalid bulk length' },
  { input: '*1\r\n$\r\n', error: 'invalid bulk length' },
  { input: '*1\r\n$4x\r\n', error: 'invalid bulk length' },
  { input: '*1\r\n$536870913\r\n', error: 'invalid bulk length' },
  { input: `*${GARBAGE}`, error: 'too big mbulk count string' },
  { input: `*1\r\n$${GARBAGE}`, error: 'too big bulk count string' },
  { input: 'PING\r\n', commands: [['PING']] },
  { input: 'PING\n', commands: [['PING']] },
  { input: '\r\n\n  \r\n \t GET   a \r\n', commands: [[], [], [], ['GET', 'a']] },
  { input: 'SET a "b c"\r\n', commands: [['SET', 'a', 'b c']] },
  { input: 'SET a "\\x41\\n\\r\\t\\b\\a\\q\\""\r\n', commands: [['SET', 'a', 'A\n\r\t\b\x07q"']] },
  { input: "SET a 'it\\'s \\n'\r\n", commands: [['SET', 'a', "it's \\n"]] },
  { input: 'SET a"b c"\r\n', commands: [['SET', 'ab c']] },
  { input: 'SET ""\r\n', commands: [['SET', '']] },
  { input: 'SET "\\xzz"\r\n', commands: [['SET', 'xzz']] },
  { input: 'PING "a\r\n', error: 'unbalanced quotes in request' },
  { input: "PING 'a\r\n", error: 'unbalanced quotes in request' },
  { input: 'PING "a"b\r\n', error: 'unbalanced quotes in request' },
  { input: 'PING "a\\\r\n', error: 'unbalanced quotes in request' },
  { input: 'GET a\0b c\r\n', commands: [['GET', 'a']] },
  { input: GARBAGE, error: 'too big inline request' },
  { input: `${GARBAGE}\r\n`, error: 'too big inline request' },
  { input: `*${GARBAGE}\r\n`, error: 'too big mbulk count string' },
  {
    input: 'PING\r\n*1\r\n$4\r\nPING\r\nPING "x"\r\nPING\r\n',
    commands: [['PING'], ['PING'], ['PING', 'x'], ['PING']],
  },
]

for (const { input, commands = [], error } of vectors) {
  const name = JSON.stringify(input.length > 60 ? `${input.slice(0, 60)}…` : input)
  t.test(name, async t => {
    const bytes = Buffer.from(input, 'latin1')
    const wanted = { commands, error: error === undefined ? '' : `Protocol error: ${error}` }
    t.strictSame(parse([bytes]), wanted, 'whole')
    t.strictSame(parse(bytewise(bytes)), wanted, 'byte by byte')
  })
}

t.test('commands in any pieces are the same commands', async t => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed)
    const commands = Array.from({ length: 1 + random.below(20) }, () =>
      Array.from({ length: 1 + random.below(random.pick([3, 30])) }, () =>
        String.fromCharCode(random.below(256)).repeat(random.below(random.pick([1, 20, 2000]))),
      ),
    )
    const input = Buffer.concat(
      commands.map(command => encode(command.map(word => Buffer.from(word, 'latin1')))),
    )
    t.strictSame(parse(slices(input, random)), { commands, error: '' }, `seed ${seed}`)
  }
})

t.test('many arguments', async t => {
  const words = Array.from({ length: 100_000 }, (_, index) => String(index))
  const { commands } = parse(slices(encode(words), new Random(1)))
  t.strictSame(commands, [words])
})

t.test('nothing is allocated for a length that was only announced', async t => {
  const parsers = Array.from({ length: 100 }, () => new Parser())
  const before = process.memoryUsage()
  for (const parser of parsers) {
    parser.begin(Buffer.from('*1048576\r\n$536870912\r\n'))
    t.equal(parser.next(), Answer.NeedMore)
  }
  const after = process.memoryUsage()
  t.ok(after.arrayBuffers - before.arrayBuffers < 1e6)
})

t.test('memory of a large command is let go of', async t => {
  const parser = new Parser()
  parser.begin(encode(['SET', 'a', Buffer.alloc(4_000_000)]))
  t.equal(parser.next(), Answer.Consumed)
  t.equal(parser.end().length, 0)
  t.equal(parser.args.bytes.length, 0)
})
