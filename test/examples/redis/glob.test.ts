import { Buffer } from 'node:buffer'
import t from 'tap'
import { Glob } from '../../../examples/redis/glob.js'

const vectors: [pattern: string, matching: string[], others: string[]][] = [
  ['', [''], ['a']],
  ['*', ['a', 'abc\n'], ['']],
  ['**', ['a'], ['']],
  ['a', ['a'], ['', 'b', 'aa']],
  ['a*c', ['ac', 'abc', 'abcbc'], ['ab', 'acb']],
  ['*a*', ['a', 'bab'], ['', 'b']],
  ['a**b', ['ab', 'axb'], ['a']],
  ['?', ['a', '*'], ['', 'ab']],
  ['h[ae]llo', ['hallo', 'hello'], ['hillo']],
  ['h[^e]llo', ['hallo'], ['hello']],
  ['h[a-c]llo', ['hallo', 'hcllo'], ['hdllo']],
  ['h[c-a]llo', ['hallo', 'hbllo'], ['hdllo']],
  ['[a\\]b]', [']', 'a', 'b'], ['\\']],
  ['\\*', ['*'], ['a', '\\']],
  ['a\\', ['a\\'], ['a']],
  ['[ab', ['a', 'b'], ['[', 'ab']],
  ['[]', [], ['', ']', '[']],
  ['[^]', ['a'], ['']],
  ['[', [], ['[']],
  ['[^', ['a', ']'], ['']],
  ['[a-', ['a', '-'], ['b']],
  ['[a-]', ['a', ']', '^'], ['-', 'b']],
  ['[\\', ['\\'], ['a']],
  ['[\\a-c]', ['a', '-', 'c'], ['b']],
  ['[a-\xff]', ['a', '\xff', '\0', 'Z'], ['b', '\x80', '\xfe']],
  ['[\x80-\x90]', ['\x80', '\x90'], ['\x7f', '\x91']],
  ['a*b*c', ['abc', 'axxbyyc', 'abcbc'], ['abcb', 'acb']],
  ['*ab?', ['abc', 'ababc'], ['ab', 'abcd']],
]

for (const [pattern, matching, others] of vectors) {
  t.test(`'${pattern}'`, async t => {
    const glob = new Glob(Buffer.from(pattern, 'latin1'))
    for (const text of matching) t.ok(glob.matches(Buffer.from(text, 'latin1')), `'${text}'`)
    for (const text of others) t.notOk(glob.matches(Buffer.from(text, 'latin1')), `'${text}'`)
  })
}

t.test('a long class is the same as a short one', async t => {
  for (const members of ['a-c', '^a-c', 'c-a\\]x', '\x80-\x90', '^\xf0-\x10z', 'a\\-z']) {
    const short = new Glob(Buffer.from(`[${members}]`, 'latin1'))
    const long = new Glob(Buffer.from(`[${members}${members.replace('^', '').repeat(200)}]`, 'latin1'))
    for (let byte = 0; byte < 256; byte++) {
      const text = Buffer.from([byte])
      if (short.matches(text) !== long.matches(text)) t.fail(`byte ${byte} of [${members}]`)
    }
  }
})

t.test('more than a thousand stars match nothing', async t => {
  const text = Buffer.alloc(3000, 'a')
  t.ok(new Glob(Buffer.from('a*'.repeat(1001))).matches(text))
  t.notOk(new Glob(Buffer.from('a*'.repeat(1002))).matches(text))
})

t.test('many stars take no longer than the product of the lengths', async t => {
  const glob = new Glob(Buffer.from(`${'a*'.repeat(999)}b`))
  t.notOk(glob.matches(Buffer.alloc(10_000, 'a')))
})
