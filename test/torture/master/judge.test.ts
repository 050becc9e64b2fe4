import t from 'tap'
import type { ClientRow } from '../messages.js'
import { keyOf } from '../wire.js'
import { Judge } from './judge.js'

function judge({ turnsAway = false } = {}) {
  const violations: string[] = []
  return { violations, judge: new Judge({ turnsAway, violated: text => violations.push(text) }) }
}

const KEY = keyOf(3, 5)
const ended: ClientRow = [KEY, 'converse', 9, 9, 'ended', true, '', 0]
const unanswered: ClientRow = [KEY, 'converse', 9, 0, 'reset', true, 'ECONNRESET', 0]

t.test('both sides of a connection are brought together, whichever comes first', t => {
  const { judge: first, violations } = judge()
  first.client(ended)
  first.server([KEY, 'plain', 9, 9, ''])
  first.server([KEY + 1, 'plain', 9, 8, ''])
  first.client([KEY + 1, 'converse', 9, 8, 'ended', true, '', 0])
  first.endRound(0)
  t.equal(first.judged, 2)
  t.equal(violations.length, 1)
  t.match(violations[0], /1 of 9 bytes did not come back/)
  t.end()
})

t.test('a connection with one side is one that was lost', t => {
  const { judge: alone, violations } = judge()
  alone.client(unanswered)
  alone.server([KEY + 1, 'plain', 9, 9, ''])
  alone.endRound(0)
  t.match(violations, [/the server knows nothing of it/, /no client had it/])
  alone.endRound(0)
  t.equal(violations.length, 2, 'it is told of once')
  t.end()
})

t.test('a client that was killed had no time to report', t => {
  const { judge: killed, violations } = judge()
  killed.server([KEY, 'plain', 9, 9, 'ECONNRESET'])
  killed.killed(3)
  killed.endRound(0)
  t.strictSame(violations, [])
  t.end()
})

t.test('only a server that turns clients away may not know them', t => {
  const { judge: turning, violations } = judge({ turnsAway: true })
  turning.client(unanswered)
  turning.endRound(0)
  t.equal(turning.turnedAway, 1)
  t.strictSame(violations, [])
  turning.client([KEY, 'converse', 9, 1, 'reset', true, 'ECONNRESET', 0])
  turning.endRound(0)
  t.equal(violations.length, 1, 'but not when it has answered')
  t.end()
})

t.test('as many as the server lost patience with may be without a name', t => {
  const { judge: late, violations } = judge()
  const silent = (key: number): ClientRow => [key, 'fall silent', 9, 0, 'reset', false, 'EPIPE', 0]
  late.client(silent(KEY))
  late.endRound(1)
  t.strictSame(violations, [])
  late.client(silent(KEY + 1))
  late.endRound(1)
  t.equal(violations.length, 1, 'the count goes on from round to round')
  t.end()
})
