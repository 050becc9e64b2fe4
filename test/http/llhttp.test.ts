import { createRequire } from 'node:module'
import t from 'tap'
import * as llhttp from '../../lib/http/llhttp.js'
import { METHODS, PRI } from '../../lib/http/methods.js'

const require = createRequire(import.meta.url)

t.test("undici's llhttp is what the parser expects", async t => {
  const { METHODS: numbers, ERROR } = require('undici/lib/llhttp/constants.js')
  for (const [number, name] of METHODS.entries()) t.equal(numbers[name], number, name)
  t.equal(numbers.PRI, PRI)
  t.equal(ERROR.CLOSED_CONNECTION, llhttp.CLOSED)
  t.equal(ERROR.INVALID_METHOD, llhttp.INVALID_METHOD)
  t.equal(ERROR.PAUSED, llhttp.PAUSED)
  t.equal(ERROR.PAUSED_UPGRADE, llhttp.PAUSED_UPGRADE)
  t.equal(ERROR.PAUSED_H2_UPGRADE, llhttp.PAUSED_H2_UPGRADE)
})

/** What is told while `text` is parsed. */
function parse(text: string, fail = false) {
  const told: string[] = []
  const machine = llhttp.llhttp()
  const parser = machine.alloc()
  const span = (name: string) => (start: number, end: number) => {
    told.push(`${name} ${text.slice(start, end)}`)
    return llhttp.OK
  }
  const callbacks: llhttp.Callbacks = {
    url: span('url'),
    field: span('field'),
    value: span('value'),
    body: span('body'),
    headersComplete(upgrade, keepAlive) {
      if (fail) throw new Error('failed')
      told.push(`head ${METHODS[machine.method(parser)]} ${upgrade} ${keepAlive}`)
      return llhttp.OK
    },
    messageComplete() {
      told.push('end')
      return llhttp.PAUSED
    },
  }
  try {
    const result = machine.execute(parser, Buffer.from(text), callbacks)
    return { told, result, rest: text.slice(machine.position(parser)) }
  } finally {
    machine.free(parser)
  }
}

t.test('parts of a message are told by where they lie', async t => {
  t.same(parse('POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhirest'), {
    told: ['url /a', 'field Content-Length', 'value 2', 'head POST false true', 'body hi', 'end'],
    result: llhttp.PAUSED,
    rest: 'rest',
  })
})

t.test('an exception of a callback comes out of execute, and the next one runs', async t => {
  const text = 'GET / HTTP/1.0\r\n\r\n'
  t.throws(() => parse(text, true), { message: 'failed' })
  t.same(parse(text).told, ['url /', 'head GET false false', 'end'])
})
