import type { Random } from '../../examples/redis/random.js'

/** Keys by the first letter of their usual type: strings, lists, sets (e), hashes, sorted sets. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  s: ['s', 's2', 'n'],
  l: ['l', 'l2'],
  e: ['e', 'e2', 'e3'],
  h: ['h', 'h2'],
  z: ['z', 'z2', 'z3'],
}
/** All of them, and some that are rarely written or unusual. */
export const ALL_KEYS = [...Object.values(KEYS).flat(), 'missing', '', '\0\xff\r\n']

const MEMBERS = ['a', 'b', 'c', 'd', '1', '2', '10', '', '\xff\0', 'm'.repeat(70), '-3', 'B']
const VALUES = [
  ...[
    '',
    'v',
    '1',
    '10',
    '-7',
    '3.5',
    '-0',
    'abc',
    'a\0b',
    '\xff\x80\r\n',
    'v'.repeat(100),
    '1e3',
    '+5',
    ' 1',
  ],
  ...['9223372036854775807', '9007199254740993', '1e300', '0x10', '08'],
]
const SMALL = ['0', '1', '2', '-1', '-2', '3', '5', '10', '100', '-10']
const BOUNDARIES = [
  ...['2147483647', '2147483648', '-2147483648', '-2147483649', '4294967295', '4294967296'],
  ...['9007199254740991', '9007199254740993', '-9007199254740993', '9223372036854775806'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775807', '-9223372036854775808'],
  ...['-9223372036854775809', '18446744073709551615', '18446744073709551616', '99999999999999999999999'],
]
const NO_NUMBERS = ['', '+1', '00', '01', '-0', '1.0', '1e3', ' 1', '1 ', '0x1', 'abc', '-', '1\0', '\xff']
const FLOATS = [
  ...[
    '0',
    '1',
    '-1',
    '1.5',
    '-2.25',
    '0.1',
    '3',
    '1e3',
    '1e-3',
    '.5',
    '5.',
    '-0',
    '0x10',
    '+2',
    '17179869184.25',
  ],
  ...['9007199254740993', '9223372036854775807', '1e17', '123456789.123456789', '1e-17', '1e20'],
]
const EXTREME_FLOATS = [
  ...[
    'inf',
    '-inf',
    '+inf',
    'Infinity',
    'nan',
    '-nan',
    '1e308',
    '-1e308',
    '1e309',
    '1e-308',
    '5e-324',
    '1e-400',
  ],
  ...['1.7976931348623157e308', '1e4000', '18446744073709551617', ''],
  ...['.', '1e', 'e5', ' 1', '1 ', '1_0', '0x', '0x1p-3', '--1', '1\0', '1.0.0', 'abc', '1,5'],
]
const PATTERNS = [
  ...['*', '?', 's*', '*2', 'e?', '[a-z]', '[^a]', 'h[e-', '[', '\\*', '**', '', '*\xff*', '[\x80-\xff]*'],
  ...['?*', 'a*b*c', '[a', '[^', '\\', 'm*m*m*x', 'max*', '[z-a]', '*[\\]a]*', 'B', 'b'],
]
const CHANNELS = ['c', 'd', 'c2', '', '\xff\0']
const NAMES = ['alice', '', 'a b', 'é', '\n', '!~', 'x', '\xff', 'a\0b']
const SETTINGS = [
  'maxmemory',
  'databases',
  'save',
  'appendonly',
  'timeout',
  'MAXCLIENTS',
  'proto-max-bulk-len',
  'x',
]
const WHEN = ['NX', 'XX', 'GT', 'LT', 'nx', 'gt', 'X']

type Maker = (random: Random) => readonly string[]

const one =
  (items: readonly string[]): Maker =>
  random => [random.pick(items)]

/** A key that usually has a given type. */
function key(random: Random, kind: string): string {
  const own = KEYS[kind]
  return own === undefined || random.below(5) === 0 ? random.pick(ALL_KEYS) : random.pick(own)
}

/** A number of keys, usually correct, and the keys. */
function counted(kind: string): Maker {
  return random => {
    const keys = Array.from({ length: 1 + random.below(3) }, () => key(random, kind))
    return [random.below(8) === 0 ? number(random) : String(keys.length), ...keys]
  }
}

function number(random: Random): string {
  const choice = random.below(20)
  if (choice < 14) return random.pick(SMALL)
  return random.pick(choice < 18 ? BOUNDARIES : NO_NUMBERS)
}

function float(random: Random): string {
  const choice = random.below(10)
  if (choice < 6) return random.pick(FLOATS)
  return choice < 9 ? random.pick(EXTREME_FLOATS) : number(random)
}

/** A time longer than a test and different each time, so that the speed of a server does not matter. */
function duration(random: Random, scale: number): string {
  const choice = random.below(10)
  if (choice < 6) return String((1_000_000 + random.below(1e6) * 10) * scale)
  if (choice < 7) return random.pick(['0', '-1', '-100', '-9223372036854775808'])
  if (choice < 8) return String(9_223_372_036_854_770 - random.below(1e6) * 10)
  return random.pick(choice < 9 ? ['9223372036854775807', '9223372036854776', '9e3'] : NO_NUMBERS)
}

function moment(random: Random, scale: number): string {
  const choice = random.below(10)
  if (choice < 6) return String((2_000_000_000 + random.below(1e6) * 100) * scale)
  if (choice < 8) return random.pick(['0', '-1', '1', '1000', '9007199254740993', '-9223372036854775808'])
  return random.pick(
    choice < 9 ? ['9223372036854775807', '9223372036854775', '9223372036854776'] : NO_NUMBERS,
  )
}

function expiry(random: Random): string[] {
  const unit = random.pick(['EX', 'PX', 'EXAT', 'PXAT'])
  const scale = unit.startsWith('P') ? 1000 : 1
  return [unit, unit.endsWith('AT') ? moment(random, scale) : duration(random, scale)]
}

function bound(random: Random): string {
  return random.below(3) === 0 ? `(${float(random)}` : random.pick([float(random), '-inf', '+inf', 'inf'])
}

function lex(random: Random): string {
  return random.pick(['-', '+', `[${random.pick(MEMBERS)}`, `(${random.pick(MEMBERS)}`, random.pick(MEMBERS)])
}

/** Small enough that no server makes a reply of gigabytes. */
function sample(random: Random): string {
  return random.pick([...SMALL, '-9223372036854775808', '9223372036854775807', ...NO_NUMBERS])
}

/** DUMPs from redis-server: a string, an integer, a set, a hash, a sorted set. */
const DUMPS = [
  '\x00\x05hello\x0a\x00cr\xdfve4 \x0a',
  '\x00\xc1,\x01\x0a\x00\x95Ba\xf2e\x82\x5c\x10',
  '\x0b\x18\x08\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\xf2\x05*\x01\x00\x00\x00\x0a\x00T\xf5\xa2j\xe7\x07\xb5\xfc',
  '\x10\xc3 @V\x18V\x00\x00\x00\x06\x00\x81f\x02\x81v\x02\x81n\x02\x0c\x01\x84long\x05\xbcz\xe02\x00\x01=\xff\x0a\x00\xa7\x00!\x7f\xa4\x93\x0c\xe3',
  '\x11""\x00\x00\x00\x06\x00\x81b\x02\x84-2.5\x05\x81a\x02\x01\x01\x81c\x02\xf4\x00\xac#\xfc\x06\x00\x00\x00\x09\xff\x0a\x00{\x01\x0d;\x17\xd3\xad\xa3',
  'no dump',
]

const MAKERS: Readonly<Record<string, Maker>> = {
  key: random => [key(random, '')],
  ...Object.fromEntries(Object.keys(KEYS).map(kind => [kind, (random: Random) => [key(random, kind)]])),
  ls: counted('l'),
  es: counted('e'),
  zs: counted('z'),
  member: one(MEMBERS),
  value: one(VALUES),
  int: random => [number(random)],
  float: random => [float(random)],
  score: random => [float(random)],
  bound: random => [bound(random)],
  lex: random => [lex(random)],
  pattern: one(PATTERNS),
  channel: one(CHANNELS),
  name: one(NAMES),
  setting: one(SETTINGS),
  when: one(WHEN),
  db: random => [random.pick(['0', '1', '2', '15', '16', number(random)])],
  cursor: random => [random.pick(['0', '0', '0', '0', number(random)])],
  dump: one(DUMPS),
  timeout: random => [random.pick(['0.01', '0.01', '0.001', '-1', 'x', '1e999', ''])],
  field: random => [
    random.pick(['u8', 'i8', 'i16', 'u4', 'i5', 'u63', 'i64', 'i1', 'u1', 'u64', 'i65', 'x']),
  ],
  bit: random => [
    random.pick(['0', '1', '7', '8', '9', '33', '100', '#0', '#1', '#3', '-1', '4294967296', 'x']),
  ],
  offset: random => [random.pick([...SMALL, '536870912', '4294967296', ...NO_NUMBERS])],
  sample: random => [sample(random)],
  seconds: random => [duration(random, 1)],
  milliseconds: random => [duration(random, 1000)],
  at: random => [moment(random, 1)],
  atms: random => [moment(random, 1000)],
  expiry,
}

/** Generators of the words in a grammar, one or more arguments each; strings of bytes (latin1). */
export function wordFor(name: string, random: Random): readonly string[] {
  const maker = MAKERS[name]
  if (maker === undefined) throw new Error(`there are no words for <${name}>`)
  return maker(random)
}

/** Any argument. */
export function anyWord(random: Random): string {
  const name = random.pick([
    'key',
    'member',
    'value',
    'int',
    'int',
    'float',
    'bound',
    'pattern',
    'name',
    'db',
  ])
  return wordFor(name, random)[0] ?? ''
}
