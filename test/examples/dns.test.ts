import { Buffer } from 'node:buffer'
import t from 'tap'
import { answer, parseQuery, type Query } from '../../examples/dns.js'

/** A query for a name's A record, and what it may be spoilt with. */
function query(name: string, more: Uint8Array = Buffer.alloc(0)): Buffer {
  const labels = name.split('.').map(label => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  const header = Buffer.from('123401000001000000000000', 'hex')
  return Buffer.concat([header, ...labels, Buffer.from('0000010001', 'hex'), more])
}

function patched(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt16BE(value, at)
  return copy
}

const OPT = Buffer.from('0000291000000000000000', 'hex')

t.test('a query is read field by field', async t => {
  t.match(parseQuery(query('Host.Test')), {
    id: 0x1234,
    opcode: 0,
    recursionDesired: true,
    name: 'host.test',
    type: 1,
    class: 1,
    edns: undefined,
  })
  t.match(parseQuery(patched(query('a.b', OPT), 10, 1)), { edns: { version: 0, size: 4096 } })
})

t.test('what is not exactly a query is none', async t => {
  const good = query('host.test')
  const spoilt: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'a header alone': good.subarray(0, 12),
    'an answer': patched(good, 2, 0x8180),
    'no question': patched(good, 4, 0),
    'two questions': patched(good, 4, 2),
    'an answer with it': patched(good, 6, 1),
    'an authority with it': patched(good, 8, 1),
    'a record that is not there': patched(good, 10, 1),
    'bytes behind it': Buffer.concat([good, Buffer.of(0)]),
    'a pointer as its name': Buffer.concat([good.subarray(0, 12), Buffer.from('c00c00010001', 'hex')]),
    'a label with a dot': Buffer.concat([good.subarray(0, 12), Buffer.from('03612e620000010001', 'hex')]),
    'a name of 256 bytes': query([...Array(3).fill('x'.repeat(63)), 'x'.repeat(62)].join('.')),
    'an OPT record that is cut off': patched(query('a', OPT.subarray(0, 10)), 10, 1),
    'an OPT record with more than it says': patched(query('a', Buffer.concat([OPT, OPT])), 10, 1),
  }
  for (const [what, bytes] of Object.entries(spoilt)) t.equal(parseQuery(bytes), undefined, what)
  for (let length = 0; length < good.length; length += 1) {
    t.equal(parseQuery(good.subarray(0, length)), undefined, `cut off after ${length} bytes`)
  }
})

t.test('the longest name is a name', async t => {
  const name = [...Array(3).fill('x'.repeat(63)), 'x'.repeat(61)].join('.')
  t.equal(parseQuery(query(name))?.name, name)
})

t.test('an answer repeats the question and points at its name', async t => {
  const parsed = parseQuery(query('Host.Test')) as Query
  const bytes = answer(parsed, new Map([['host.test', ['192.0.2.7']]]))
  t.equal(
    bytes.toString('hex'),
    '1234' +
      '8500' +
      '0001000100000000' +
      '04486f73740454657374000001' +
      '0001' +
      'c00c000100010000003c0004c0000207',
  )
})
