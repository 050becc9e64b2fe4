import t from 'tap'
import { addressError, asError, RevioError } from '../lib/errors.js'

t.test('an error has its name, code, message and cause', async t => {
  const cause = new Error('why')
  const error = new RevioError('ENOBUFS', 'too much', { cause })
  t.type(error, Error)
  t.match(error, { name: 'RevioError', code: 'ENOBUFS', message: 'too much', cause })
  t.match(error.stack, /errors\.test/)
})

t.test('what is thrown becomes an error, and an error stays what it is', async t => {
  const error = new TypeError('x')
  t.equal(asError(error), error)
  for (const thrown of ['text', 5, null, undefined, { a: 1 }, Symbol('s')]) {
    const made = asError(thrown)
    t.type(made, Error)
    t.equal(made.cause, thrown)
    t.ok(made.message.includes(String(thrown)))
  }
})

t.test('an error about an address names it once, and keeps its code', async t => {
  const cause = Object.assign(new Error('bind EACCES'), { code: 'EACCES' })
  const error = addressError('tcp://:80', cause)
  t.match(error, { message: 'address "tcp://:80": bind EACCES', code: 'EACCES', cause })
  t.equal(addressError('tcp://:80', error), error)
  t.notOk('code' in addressError('tcp://:80', new Error('plain')))
  t.match(addressError('tcp://:80', 'text').message, 'address "tcp://:80": ')
})
