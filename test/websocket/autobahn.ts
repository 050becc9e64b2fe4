import {
  BINARY,
  binary,
  CLOSE,
  close,
  closeBody,
  fragments,
  frame,
  more,
  ping,
  pong,
  TEXT,
  text,
} from './frames.js'

/** A case of the Autobahn suite: what the client sends, and what a server must find in it. */
export interface Case {
  /** Its number there. */
  readonly name: string
  readonly input: Buffer
  /** In the words of `read`. */
  readonly found: readonly string[]
}

const NOTHING_READ = 'bad 1002'
const NO_TEXT = 'bad 1007'
const KOSME = Buffer.from('κόσμε')
const STARS = (length: number) => '*'.repeat(length)
const FES = (length: number) => Buffer.alloc(length, 0xfe)

function test(name: string, input: Buffer | readonly Buffer[], ...found: string[]): Case {
  return { name, input: Buffer.concat([input].flat() as Buffer[]), found }
}

const hex = (bytes: Uint8Array | string) => Buffer.from(bytes as string).toString('hex')

/** 1: framing. */
function framing(): Case[] {
  const sizes = [0, 125, 126, 127, 128, 65_535, 65_536, 65_536]
  return sizes.flatMap((size, index) => [
    test(`1.1.${index + 1}`, text(STARS(size)), `text ${STARS(size)}`),
    test(`1.2.${index + 1}`, binary(FES(size)), `binary ${hex(FES(size))}`),
  ])
}

/** 2: pings and pongs. */
function pings(): Case[] {
  const ten = Array.from({ length: 10 }, (_, index) => `payload-${index}`)
  const tenFound = ten.map(payload => `ping ${hex(payload)}`)
  return [
    test('2.1', ping(), 'ping '),
    test('2.2', ping('Hello, world!'), `ping ${hex('Hello, world!')}`),
    test('2.3', ping(Buffer.from('00fffefdfcfb00ff', 'hex')), 'ping 00fffefdfcfb00ff'),
    test('2.4', ping(FES(125)), `ping ${hex(FES(125))}`),
    test('2.5', ping(FES(126)), NOTHING_READ),
    test('2.6', ping(FES(125)), `ping ${hex(FES(125))}`),
    test('2.7', pong(), 'pong '),
    test('2.8', pong('unsolicited'), `pong ${hex('unsolicited')}`),
    test('2.9', [pong('unsolicited'), ping('ping')], `pong ${hex('unsolicited')}`, `ping ${hex('ping')}`),
    test(
      '2.10',
      ten.map(payload => ping(payload)),
      ...tenFound,
    ),
    test(
      '2.11',
      ten.map(payload => ping(payload)),
      ...tenFound,
    ),
  ]
}

/** 3: reserved bits. */
function reserved(): Case[] {
  const first = text('Hello, world!')
  const told = 'text Hello, world!'
  return [
    test('3.1', text('Hello, world!', { rsv: 1 }), NOTHING_READ),
    ...[2, 3, 4].map(rsv => test(`3.${rsv}`, [first, text('Hello', { rsv }), ping()], told, NOTHING_READ)),
    test('3.5', binary(FES(8), { rsv: 5 }), NOTHING_READ),
    test('3.6', ping('Hello, world!', { rsv: 6 }), NOTHING_READ),
    test('3.7', frame({ opcode: CLOSE, rsv: 7 }), NOTHING_READ),
  ]
}

/** 4: undefined opcodes. */
function opcodes(): Case[] {
  const first = text('Hello, world!')
  return [3, 11].flatMap((lowest, index) => [
    test(`4.${index + 1}.1`, frame({ opcode: lowest }), NOTHING_READ),
    test(`4.${index + 1}.2`, frame({ opcode: lowest + 1, payload: 'reserved' }), NOTHING_READ),
    ...[2, 3, 4].map(more =>
      test(
        `4.${index + 1}.${more + 1}`,
        [first, frame({ opcode: lowest + more, payload: more === 2 ? '' : 'reserved' }), ping()],
        'text Hello, world!',
        NOTHING_READ,
      ),
    ),
  ])
}

/** 5: fragments. */
function fragmented(): Case[] {
  const two = [text('fragment1', { fin: false }), more('fragment2')]
  const [one, other] = two as [Buffer, Buffer]
  const whole = 'text fragment1fragment2'
  const between = [one, ping('ping'), other]
  const five = [
    text('fragment1', { fin: false }),
    more('fragment2', { fin: false }),
    ping('ping 1'),
    more('fragment3', { fin: false }),
    more('fragment4', { fin: false }),
    ping('ping 2'),
    more('fragment5'),
  ]
  const fiveFound = [
    `ping ${hex('ping 1')}`,
    `ping ${hex('ping 2')}`,
    'text fragment1fragment2fragment3fragment4fragment5',
  ]
  const orphan = (fin: boolean) => [more('orphan', { fin }), text('Hello, world!')]
  return [
    test('5.1', [ping('fragment1', { fin: false }), more('fragment2')], NOTHING_READ),
    test('5.2', [frame({ opcode: 10, payload: 'fragment1', fin: false }), more('fragment2')], NOTHING_READ),
    ...[3, 4, 5].map(index => test(`5.${index}`, two, whole)),
    ...[6, 7, 8].map(index => test(`5.${index}`, between, `ping ${hex('ping')}`, whole)),
    ...[9, 10, 11].map(index => test(`5.${index}`, orphan(true), NOTHING_READ)),
    ...[12, 13, 14].map(index => test(`5.${index}`, orphan(false), NOTHING_READ)),
    test('5.15', [...two, ...orphan(false)], whole, NOTHING_READ),
    test('5.16', [more('f1', { fin: false }), text('f2', { fin: false }), more('f3')], NOTHING_READ),
    test('5.17', [more('f1'), text('f2', { fin: false }), more('f3')], NOTHING_READ),
    test('5.18', [one, text('fragment2')], NOTHING_READ),
    test('5.19', five, ...fiveFound),
    test('5.20', five, ...fiveFound),
  ]
}

/** 6.1 to 6.4: text in fragments, and how soon invalid text is detected. */
function texts(): Case[] {
  const valid = 'Hello-µ@ßöäüàá-UTF-8!!'
  const bad = Buffer.concat([KOSME, Buffer.from('eda080', 'hex'), Buffer.from('edited')])
  const late = [KOSME, Buffer.from('f4908080', 'hex'), Buffer.from('edited')]
  const inThree = late.map((payload, index) =>
    frame({ opcode: index === 0 ? TEXT : 0, payload, fin: index === 2 }),
  )
  return [
    test('6.1.1', text(''), 'text '),
    test('6.1.2', [text('', { fin: false }), more('', { fin: false }), more('')], 'text '),
    test('6.1.3', [text('', { fin: false }), more('middle', { fin: false }), more('')], 'text middle'),
    test('6.2.1', text(valid), `text ${valid}`),
    test('6.2.2', [text('Hello-µ@ßöä', { fin: false }), more('üàá-UTF-8!!')], `text ${valid}`),
    test('6.2.3', fragments(TEXT, valid, 1), `text ${valid}`),
    test('6.2.4', fragments(TEXT, KOSME, 1), 'text κόσμε'),
    test('6.3.1', text(bad), NO_TEXT),
    test('6.3.2', fragments(TEXT, bad, 1), NO_TEXT),
    test('6.4.1', inThree, NO_TEXT),
    // The text is invalid before its frame is complete.
    test('6.4.2', inThree.slice(0, 2), NO_TEXT),
    test('6.4.3', text(Buffer.concat(late)).subarray(0, 6 + KOSME.length + 2), NO_TEXT),
    test('6.4.4', text(Buffer.concat(late)).subarray(0, 6 + KOSME.length + 4), NO_TEXT),
  ]
}

/** 6.5 to 6.23: sequences of bytes by chapter, in hex; those after `bad` are not UTF-8. */
const SEQUENCES: Readonly<Record<string, { readonly good?: string; readonly bad?: string }>> = {
  '6.5': { good: 'cebae1bdb9cf83cebcceb5 cebae1bdb9 cf83cebc ceb5 24' },
  '6.6': {
    good: 'ceba cebae1bdb9 cebae1bdb9cf83 cebae1bdb9cf83cebc cebae1bdb9cf83cebcceb5',
    bad: 'ce cebae1 cebae1bd cebae1bdb9cf cebae1bdb9cf83ce cebae1bdb9cf83cebcce',
  },
  '6.7': { good: '00 c280 e0a080 f0908080' },
  '6.8': { bad: 'f888808080 fc8480808080' },
  '6.9': { good: '7f dfbf efbfbf f48fbfbf' },
  '6.10': { bad: 'f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf' },
  '6.11': { good: 'ed9fbf ee8080 efbfbd f48fbfbf', bad: 'f4908080' },
  '6.12': { bad: '80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf 808182838485868788898a8b8c8d8e8f' },
  '6.13': { bad: 'c020c120c220df20 e020e120ef20 f020f120f420f720 f820f920fa20fb20 fc20fd20' },
  '6.14': { bad: 'c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf' },
  '6.15': { bad: 'c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf' },
  '6.16': { bad: 'fe ff fefeffff' },
  '6.17': { bad: 'c0af e080af f08080af f8808080af fc80808080af' },
  '6.18': { bad: 'c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf' },
  '6.19': { bad: 'c080 e08080 f0808080 f880808080 fc8080808080' },
  '6.20': { bad: 'eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf' },
  '6.21': {
    bad: 'eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf',
  },
  '6.22': { good: `efbfbe efbfbf ${planes()}` },
  '6.23': { good: 'efbfb9 efbfba efbfbb efbfbc efbfbd' },
}

/** The last two code points of the planes 1 to 16. */
function planes(): string {
  const found: string[] = []
  for (let plane = 1; plane <= 16; plane++) {
    for (const low of [0xfffe, 0xffff]) found.push(hex(String.fromCodePoint(plane * 0x10000 + low)))
  }
  return found.join(' ')
}

function sequences(): Case[] {
  return Object.entries(SEQUENCES).flatMap(([chapter, { good, bad }]) => {
    const all = [
      split(good).map(bytes => ({ bytes, good: true })),
      split(bad).map(bytes => ({ bytes, good: false })),
    ]
    return all.flat().flatMap(({ bytes, good }, index) => {
      const payload = Buffer.from(bytes, 'hex')
      const found = good ? `text ${payload}` : NO_TEXT
      const name = `${chapter}.${index + 1}`
      return [
        test(name, text(payload), found),
        test(
          `${name} in a sentence`,
          text(Buffer.concat([Buffer.from('ab'), payload, Buffer.from('yz')])),
          good ? `text ab${payload}yz` : NO_TEXT,
        ),
        test(`${name} in fragments`, fragments(TEXT, payload, 1), found),
      ]
    })
  })
}

function split(list: string | undefined): string[] {
  return list?.split(' ') ?? []
}

/** 7: closing a connection. */
function closings(): Case[] {
  const valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
  const invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
  const long = STARS(256 * 1024)
  return [
    test('7.1.1', [text('Hello World!'), close(1000)], 'text Hello World!', 'close 1000 '),
    test('7.1.2', [close(1000), close(1000)], 'close 1000 '),
    test('7.1.3', [close(1000), ping()], 'close 1000 '),
    test('7.1.4', [close(1000), text('Hello World!')], 'close 1000 '),
    test('7.1.5', [text('fragment1', { fin: false }), close(1000), more('fragment2')], 'close 1000 '),
    test('7.1.6', [text(long), close(1000), ping()], `text ${long}`, 'close 1000 '),
    test('7.3.1', close(), 'close 1005 '),
    test('7.3.2', frame({ opcode: CLOSE, payload: 'a' }), NOTHING_READ),
    test('7.3.3', close(1000), 'close 1000 '),
    test('7.3.4', close(1000, 'Hello World!'), 'close 1000 Hello World!'),
    test('7.3.5', close(1000, STARS(123)), `close 1000 ${STARS(123)}`),
    test('7.3.6', close(1000, STARS(124)), NOTHING_READ),
    test('7.5.1', close(1000, Buffer.concat([KOSME, Buffer.from('eda080', 'hex')])), NO_TEXT),
    ...valid.map((code, index) => test(`7.7.${index + 1}`, close(code), `close ${code} `)),
    ...invalid.map((code, index) => test(`7.9.${index + 1}`, close(code), NOTHING_READ)),
    test('7.13.1', close(5000), NOTHING_READ),
    test('7.13.2', frame({ opcode: CLOSE, payload: closeBody(65_535) }), NOTHING_READ),
  ]
}

/** 9 and 10: long messages, many messages, many fragments. */
function limits(): Case[] {
  const cases: Case[] = []
  const sizes = [64, 256, 1024, 4096, 8192, 16_384].map(kilo => kilo * 1024)
  for (const [index, size] of sizes.entries()) {
    cases.push(test(`9.1.${index + 1}`, text(STARS(size)), `text ${STARS(size)}`))
    cases.push(test(`9.2.${index + 1}`, binary(FES(size)), `binary ${hex(FES(size))}`))
  }
  const four = 4 * 1024 * 1024
  for (let index = 1; index <= 9; index++) {
    const size = 64 * 4 ** (index - 1)
    cases.push(test(`9.3.${index}`, fragments(TEXT, STARS(four), size), `text ${STARS(four)}`))
    cases.push(test(`9.4.${index}`, fragments(BINARY, FES(four), size), `binary ${hex(FES(four))}`))
  }
  for (const [index, size] of [0, 16, 64, 256, 1024, 4096].entries()) {
    const many = Array<string>(1000).fill(STARS(size))
    cases.push(
      test(
        `9.7.${index + 1}`,
        many.map(each => text(each)),
        ...many.map(each => `text ${each}`),
      ),
    )
    const binaries = many.map(() => `binary ${hex(FES(size))}`)
    cases.push(
      test(
        `9.8.${index + 1}`,
        many.map(() => binary(FES(size))),
        ...binaries,
      ),
    )
  }
  cases.push(test('10.1.1', fragments(TEXT, STARS(65_536), 1300), `text ${STARS(65_536)}`))
  return cases
}

/** Chapters 1 to 7. */
export const protocolCases: readonly Case[] = [
  ...framing(),
  ...pings(),
  ...reserved(),
  ...opcodes(),
  ...fragmented(),
  ...texts(),
  ...sequences(),
  ...closings(),
]

/** Chapters 9 and 10; the longest messages are 16 MiB, in at most 65,536 fragments. */
export const limitCases: () => Case[] = limits
