import { Buffer } from 'node:buffer'
import t from 'tap'
import { Glob } from '../../../examples/redis/glob.js'

const vectors: [pattern: string, matching: string[], others: string[]][] = [
  ['', [''], ['a']],
  ['*', ['', 'a', 'abc\n'], []],
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
]

for (const [pattern, matching, others] of vectors) {
  t.test(`'${pattern}'`, async t => {
    const glob = new Glob(Buffer.from(pattern, 'latin1'))
    for (const text of matching) t.ok(glob.matches(Buffer.from(text, 'latin1')), `'${text}'`)
    for (const text of others) t.notOk(glob.matches(Buffer.from(text, 'latin1')), `'${text}'`)
  })
}

t.test('many stars take no longer than the product of the lengths', async t => {
  const glob = new Glob(Buffer.from(`${'a*'.repeat(1000)}b`))
  t.notOk(glob.matches(Buffer.alloc(10_000, 'a')))
})
