import t from 'tap'
import { replaceBetween } from './page.js'

t.test('a text goes between its marks, in place of what was there', t => {
  const page = 'before\n<!-- it:begin -->\nold\n<!-- it:end -->\nafter\n'
  const once = replaceBetween(page, 'it', 'new')
  t.equal(once, 'before\n<!-- it:begin -->\n\nnew\n\n<!-- it:end -->\nafter\n')
  t.equal(replaceBetween(once, 'it', 'new'), once, 'a second time changes nothing')
  t.throws(() => replaceBetween(page, 'other', 'new'), { message: /other:begin/ })
  t.end()
})
