import t from 'tap'
import type { ClientRow, Fate, ServerRow } from '../messages.js'
import { verdict } from './verdict.js'

const ALIVE = { ending: false }

function client(
  fate: Fate,
  sent: number,
  received: number,
  { behaviour = 'converse', whole = false, late = 0 } = {},
): ClientRow {
  return [1, behaviour, sent, received, fate, whole, '', late]
}

function server(got: number, gave: number, code = ''): ServerRow {
  return [1, 'plain', got, gave, code]
}

t.test('a connection that ended in order has lost nothing', t => {
  const whole = client('ended', 100, 100, { whole: true })
  t.equal(verdict(whole, server(100, 100), ALIVE), undefined)
  t.match(verdict(client('ended', 100, 90), server(100, 100), ALIVE), '10 of 100 bytes of output were lost')
  t.match(
    verdict(client('ended', 100, 90, { whole: true }), server(90, 90), ALIVE),
    '10 of 100 bytes of input',
  )
  t.match(verdict(client('ended', 100, 90, { whole: true }), server(100, 90), ALIVE), 'did not come back')
  t.equal(verdict(client('ended', 100, 90), server(90, 90), ALIVE), undefined, 'one that the server closed')
  t.end()
})

t.test('what a client broke off is a beginning of what it was, and no more', t => {
  t.equal(verdict(client('left', 100, 50), server(80, 70, 'ECONNRESET'), ALIVE), undefined)
  t.match(verdict(client('left', 100, 71), server(80, 70), ALIVE), '71 bytes came back, of 70')
  t.match(verdict(client('left', 100, 50), server(101, 70), ALIVE), '101 bytes were delivered, of 100')
  t.match(verdict(client('left', 100, 50), server(80, 70, 'EBADF'), ALIVE), "'EBADF'")
  t.end()
})

t.test('the server ends each behaviour with the code that belongs to it', t => {
  const thrown = client('ended', 100, 80, { behaviour: 'be thrown out' })
  t.equal(verdict(thrown, server(80, 80, 'THROWN'), ALIVE), undefined)
  t.match(verdict(thrown, server(80, 80), ALIVE), "ended it with '', not with 'THROWN'")
  t.match(
    verdict(client('ended', 100, 100), server(100, 100, 'ECONNRESET'), ALIVE),
    "ended it with 'ECONNRESET'",
  )
  t.match(verdict(client('refused', 100, 0), server(100, 100), ALIVE), 'its connect failed')
  t.end()
})

t.test('a reset is only in place where output is given up', t => {
  const stalled = client('reset', 100, 0, { behaviour: 'stall' })
  t.equal(verdict(stalled, server(90, 90, 'ETIMEDOUT'), ALIVE), undefined)
  t.match(verdict(client('reset', 100, 100), server(100, 100), ALIVE), 'reset it without a reason')
  t.equal(
    verdict(client('reset', 100, 100, { late: 900 }), server(100, 100), ALIVE),
    undefined,
    'it came too late',
  )
  t.match(
    verdict(stalled, server(90, 90), { ending: true }) ?? 'none',
    'none',
    'it never learns of the shutdown',
  )
  t.end()
})

t.test('a shutdown may end any connection, but gives up no output that there was time for', t => {
  const ending = { ending: true }
  t.equal(verdict(client('ended', 100, 90, { whole: true }), server(90, 90), ending), undefined)
  t.equal(verdict(client('ended', 100, 50), server(90, 90, 'ETIMEDOUT'), ending), undefined)
  t.match(verdict(client('ended', 100, 50), server(90, 90), ending), '40 of 90 bytes of output')
  t.end()
})

t.test('an answer that was asked for is whole, unless a shutdown gave it up', t => {
  const asking = (received: number): ClientRow => [1, 'fetch', 0, received, 'ended', false, '', 0, 100]
  t.equal(verdict(asking(100), server(0, 100), ALIVE), undefined)
  t.match(verdict(asking(60), server(0, 60), ALIVE), '60 bytes came back, of 100')
  t.match(verdict(asking(60), server(0, 100), ALIVE), '40 of 100 bytes of output were lost')
  t.match(verdict(asking(60), server(0, 100, 'ETIMEDOUT'), ALIVE), "ended it with 'ETIMEDOUT'")
  t.equal(verdict(asking(60), server(0, 100, 'ETIMEDOUT'), { ending: true }), undefined)
  t.match(verdict(asking(60), server(0, 60), { ending: true }), '60 bytes came back, of 100')
  t.end()
})
