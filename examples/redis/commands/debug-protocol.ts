import { Bytes } from '../bytes.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Run } from './command.js'

const UNKNOWN = new Refusal(
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|attrib|push|verbatim|true|false',
)
const NO_PUSH = new Refusal('ERR RESP2 is not supported by this command')

const BIG_NUMBER = '1234567999999999999999999999999999999'
const TRUE = Bytes.from('#t\r\n')
const FALSE = Bytes.from('#f\r\n')
const ATTRIBUTE = Bytes.from('|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n')

/** Writes a reply of each type, to test clients. */
const TYPES: Readonly<Record<string, (reply: Reply) => void>> = {
  array: reply => {
    reply.array(3)
    integers(reply)
  },
  attrib: reply => {
    if (reply.protocol === 3) reply.raw(ATTRIBUTE)
    reply.text('Some real reply following the attribute')
  },
  bignum: reply => {
    if (reply.protocol === 3) reply.raw(Bytes.from(`(${BIG_NUMBER}\r\n`))
    else reply.text(BIG_NUMBER)
  },
  double: reply => reply.double(Math.PI),
  false: reply => boolean(reply, false),
  integer: reply => reply.integer(12345),
  map: reply => {
    reply.map(3)
    for (let index = 0; index < 3; index++) {
      reply.integer(index)
      boolean(reply, index === 1)
    }
  },
  null: reply => reply.null(),
  push: reply => {
    if (reply.protocol === 2) throw NO_PUSH
    reply.push(2)
    reply.text('server-cpu-usage')
    reply.integer(42)
  },
  set: reply => {
    reply.set(3)
    integers(reply)
  },
  string: reply => reply.text('Hello World'),
  true: reply => boolean(reply, true),
  verbatim: reply => reply.verbatim('This is a verbatim\nstring'),
}

function integers(reply: Reply): void {
  for (let index = 0; index < 3; index++) reply.integer(index)
}

function boolean(reply: Reply, value: boolean): void {
  if (reply.protocol === 3) reply.raw(value ? TRUE : FALSE)
  else reply.flag(value)
}

export const protocol: Run = (_database, args, reply) => {
  const write = TYPES[args.word(2)]
  if (write === undefined) throw UNKNOWN
  write(reply)
}
