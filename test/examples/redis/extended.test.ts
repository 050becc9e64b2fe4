import t from 'tap'
import { addExtended, formatExtended, parseExtended } from '../../../examples/redis/extended.js'

const show = (text: string) => {
  const value = parseExtended(text)
  return value === undefined ? undefined : value.infinite ? 'infinite' : formatExtended(value)
}

t.test('numbers have 64 bits and are written without an exponent', async t => {
  const vectors: [text: string, shown: string][] = [
    ['0', '0'],
    ['-0', '0'],
    ['10.6', '10.6'],
    ['9007199254740993', '9007199254740993'],
    ['9223372036854775807', '9223372036854775807'],
    ['18446744073709551617', '18446744073709551616'],
    ['18446744073709551619', '18446744073709551620'],
    ['1e21', '1000000000000000000000'],
    ['1e-7', '0.0000001'],
    ['-2.5e-10', '-0.00000000025'],
    ['-1e-40', '0'],
    ['0.1', '0.1'],
    ['3.0e3', '3000'],
    ['.5', '0.5'],
    ['0x10', '16'],
    ['-0x.8p1', '-1'],
  ]
  for (const [text, shown] of vectors) t.equal(show(text), shown, text)
  t.equal(show('1.18973149535723176502e+4932')?.length, 4933)
  t.equal(show('1e-4940'), '0')
})

t.test('what is no number, or is out of range', async t => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    'nan',
    '.',
    '1e',
    '0x',
    '1_0',
    '1e4933',
    '-1e4933',
    '1e-4960',
    '1e999999999',
  ]) {
    t.equal(parseExtended(text), undefined, `'${text}'`)
  }
  t.equal(show('-inf'), 'infinite')
})

t.test('sums are rounded to even', async t => {
  const add = (left: string, right: string) => {
    const values = [parseExtended(left), parseExtended(right)]
    const [first, second] = values
    if (first === undefined || second === undefined) throw new Error('no number')
    const sum = addExtended(first, second)
    return sum.infinite ? 'infinite' : formatExtended(sum)
  }
  t.equal(add('3000', '1.1'), '3001.10000000000000009')
  t.equal(add('9007199254740993', '0.5'), '9007199254740993.5')
  t.equal(add('9223372036854775807', '1'), '9223372036854775808')
  t.equal(add('18446744073709551615', '0.5'), '18446744073709551616')
  t.equal(add('18446744073709551614', '0.5'), '18446744073709551614')
  t.equal(add('1', '-1'), '0')
  t.equal(add('1e4932', '1e4932'), 'infinite')
  t.equal(add('1', '1e-4940'), '1')
})
