import t from 'tap'
import { Bytes } from '../../../examples/redis/bytes.js'
import { formatScore, parseBound, parseFloat64, parseInteger } from '../../../examples/redis/numbers.js'

t.test('integers have one spelling', async t => {
  const parse = (text: string) => {
    const bytes = Bytes.from(`x${text}y`)
    return parseInteger(bytes, 1, bytes.length - 1)
  }
  t.equal(parse('0'), 0)
  t.equal(parse('-12'), -12)
  t.equal(parse('999999999999999'), 999_999_999_999_999)
  t.equal(parse('9007199254740993'), 9007199254740993n)
  t.equal(parse('9223372036854775807'), 2n ** 63n - 1n)
  t.equal(parse('-9223372036854775808'), -(2n ** 63n))
  for (const text of [
    '',
    '-',
    '+1',
    ' 1',
    '1 ',
    '01',
    '-0',
    '1.0',
    '1e3',
    'a',
    '9223372036854775808',
    '0x1',
  ]) {
    t.equal(parse(text), undefined, `'${text}'`)
  }
})

t.test('floats', async t => {
  t.equal(parseFloat64('1.5e3'), 1500)
  t.equal(parseFloat64('.5'), 0.5)
  t.equal(parseFloat64('-inf'), Number.NEGATIVE_INFINITY)
  t.equal(parseFloat64('+Infinity'), Number.POSITIVE_INFINITY)
  t.equal(parseFloat64('-0'), -0)
  t.equal(parseFloat64('0e-999'), 0)
  t.equal(parseFloat64('5e-324'), 5e-324)
  t.equal(parseFloat64('0x10'), 16)
  t.equal(parseFloat64('-0x1.8p-3'), -0.1875)
  t.equal(parseFloat64('0x1p-1074'), 5e-324)
  for (const text of [
    '',
    'nan',
    '1e400',
    '1e-400',
    ' 1',
    '1_0',
    '.',
    'e5',
    '--1',
    '0x',
    '0x.p1',
    '0x1p2000',
  ]) {
    t.equal(parseFloat64(text), undefined, `'${text}'`)
  }
  t.equal(parseBound('1e400'), Number.POSITIVE_INFINITY)
  t.equal(parseBound('1e-400'), 0)
})

t.test('scores have seventeen digits', async t => {
  const scores: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [17, '17'],
    [1.5, '1.5'],
    [3.14, '3.1400000000000001'],
    [0.1, '0.10000000000000001'],
    [-0.00012345, '-0.00012344999999999999'],
    [1e-7, '9.9999999999999995e-08'],
    [1e20, '1e+20'],
    [1e300, '1.0000000000000001e+300'],
    [123456789012345680, '1.2345678901234568e+17'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ]
  for (const [score, text] of scores) t.equal(formatScore(score), text)
})
