import { Buffer } from 'node:buffer'
import t from 'tap'
import { firstWrong, pieces } from './pattern.js'

/** Longer than the pattern's period, so that pieces meet its end. */
const LONG = 3_000_000

t.test('a stream is the same, whatever the pieces it is taken in', t => {
  const whole = Buffer.concat(pieces(7, 0, LONG))
  t.equal(whole.length, LONG)
  let at = 0
  for (let size = 1; at + size < LONG; size = size * 3 + 1) {
    t.ok(Buffer.concat(pieces(7, at, size)).equals(whole.subarray(at, at + size)), `${size} bytes at ${at}`)
    at += size
  }
  t.end()
})

t.test('what belongs to a stream is found right', t => {
  t.equal(firstWrong(Buffer.concat(pieces(7, 123, LONG)), 7, 123), -1)
  t.equal(firstWrong(Buffer.alloc(0), 7, 5), -1)
  t.end()
})

t.test('a byte that is lost, repeated, changed or foreign is found where it is', t => {
  const sent = Buffer.concat(pieces(7, 0, LONG))
  for (const at of [0, 1, 70_000, 1_048_572, 1_048_573, LONG - 50]) {
    const lost = Buffer.concat([sent.subarray(0, at), sent.subarray(at + 1)])
    const repeated = Buffer.concat([sent.subarray(0, at + 1), sent.subarray(at)])
    const changed = Buffer.from(sent)
    changed[at] = (changed[at] ?? 0) ^ 1
    const foreign = Buffer.concat([sent.subarray(0, at), ...pieces(8, at, 40), sent.subarray(at + 40)])
    t.equal(firstWrong(changed, 7, 0), at, `changed at ${at}`)
    for (const [what, bytes] of Object.entries({ lost, repeated, foreign })) {
      const wrong = firstWrong(bytes, 7, 0)
      // A byte may happen to be the one that belongs there; a few in a row do not.
      t.ok(wrong >= at && wrong < at + 8, `${what} at ${at}, found at ${wrong}`)
    }
  }
  t.end()
})
