import { Buffer } from 'node:buffer'
import t from 'tap'
import { Action } from '../../lib/index.js'
import { asAction, asOut, asSending, bytesOf, checkReply, sizeOf } from '../../lib/loop/reply.js'

t.test('a chunk takes as many bytes as its UTF-8 has', async t => {
  t.equal(sizeOf(''), 0)
  t.equal(sizeOf('grün€🙂'), Buffer.byteLength('grün€🙂'))
  t.equal(sizeOf(new Uint8Array(7).subarray(2)), 5)
})

t.test('output as one piece is a copy; an empty chunk is output, and an empty list is not', async t => {
  for (const out of [undefined, null, []]) t.equal(bytesOf(out), undefined)
  for (const out of ['', new Uint8Array(0), ['', Buffer.alloc(0)]]) t.equal(bytesOf(out)?.length, 0)
  const bytes = Uint8Array.of(1, 2, 3, 4).subarray(1, 3)
  for (const out of [bytes, [bytes]]) {
    const copy = bytesOf(out)
    bytes[0] = 9
    t.strictSame(copy, Buffer.of(2, 3))
    bytes[0] = 2
  }
  t.equal(String(bytesOf('grün€')), 'grün€')
  t.equal(String(bytesOf(['gr', Buffer.from('ün'), '', '€'])), 'grün€')
})

t.test('a reply is a list', async t => {
  for (const reply of [[], ['x'], [null, 2]]) t.doesNotThrow(() => checkReply(reply, 'data'))
  for (const [reply, named] of [
    ['x', 'a string'],
    [5, '5'],
    [null, 'null'],
    [{}, 'an Object'],
    [Buffer.alloc(1), 'a Buffer'],
    [Object.create(null), 'a bare object'],
    [() => {}, 'a function'],
    [Symbol.iterator, 'a symbol'],
  ]) {
    t.throws(() => checkReply(reply, 'data'), {
      code: 'ERR_REPLY',
      message: `data returned ${String(named)}:`,
    })
  }
})

t.test('an action is one of Action, or nothing', async t => {
  for (const action of Object.values(Action)) t.equal(asAction(action, 'data'), action)
  t.equal(asAction(undefined, 'data'), Action.None)
  for (const action of [-1, 6, 1.5, '2', null, true, [2], Number.NaN]) {
    t.throws(() => asAction(action, 'closed'), {
      code: 'ERR_REPLY',
      message: /^closed: invalid action /,
    })
  }
})

t.test('what follows a send is an action, or says what by name', async t => {
  t.match(asSending(undefined), { action: Action.None })
  t.match(asSending(Action.Close), { action: Action.Close })
  t.match(asSending({ action: Action.End }), { action: Action.End })
  t.match(asSending({ token: 7 }), { action: Action.None, token: 7 })
  t.throws(() => asSending({ tokens: 7 }), { code: 'ERR_REPLY', message: /unknown option "tokens"/ })
  for (const how of [null, 'Close', 9, { action: 9 }]) t.throws(() => asSending(how), { code: 'ERR_REPLY' })
})

t.test('output is text, bytes, or a list of both', async t => {
  for (const out of [
    undefined,
    null,
    '',
    'x',
    Buffer.alloc(2),
    new Uint8Array(2),
    [],
    ['a', Buffer.alloc(1)],
  ]) {
    t.doesNotThrow(() => asOut(out, 'data'))
  }
  for (const out of [
    5,
    true,
    {},
    () => {},
    new ArrayBuffer(2),
    new Uint16Array(2),
    new DataView(new ArrayBuffer(1)),
  ]) {
    t.throws(() => asOut(out, 'data'), { code: 'ERR_REPLY', message: /^data: invalid output/ })
    t.throws(() => asOut(['x', out], 'send'), {
      code: 'ERR_REPLY',
      message: /^send: invalid output, an array with /,
    })
  }
  t.throws(() => asOut([null], 'data'), { code: 'ERR_REPLY', message: /null/ })
  t.throws(() => asOut([['nested']], 'data'), { code: 'ERR_REPLY', message: /an Array/ })
})
