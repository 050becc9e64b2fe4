/** DNS messages (RFC 1035, 6891), as far as a server of A records needs them. */

export const Code = { NoError: 0, NotThere: 3, NotImplemented: 4, Refused: 5, BadVersion: 16 } as const

export interface Query {
  id: number
  opcode: number
  recursionDesired: boolean
  /** In lower case, without the final dot. */
  name: string
  type: number
  class: number
  /** The question as received; the response repeats it byte for byte. */
  question: Buffer
  /** The content of the OPT record, if there is one. */
  edns: { version: number; size: number } | undefined
}

export const A = 1
export const INTERNET = 1
const OPT = 41
const HEADER = 12
/** The largest response to a client that states no size, and the largest response of all. */
const PLAIN_SIZE = 512
const OWN_SIZE = 1232
const TTL = 60

/** Parses a query with exactly one question; returns `undefined` for anything else, including responses. */
export function parseQuery(bytes: Buffer): Query | undefined {
  if (bytes.length < HEADER) return undefined
  const flags = bytes.readUInt16BE(2)
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map(at => bytes.readUInt16BE(at))
  if (flags >= 0x8000 || questions !== 1 || answers !== 0 || authorities !== 0) return undefined
  const labels = parseName(bytes, HEADER)
  if (labels === undefined || labels.end + 4 > bytes.length) return undefined
  const end = labels.end + 4
  const edns = additional === 1 ? parseOpt(bytes, end) : undefined
  if (edns === undefined && (additional !== 0 || end !== bytes.length)) return undefined
  return {
    id: bytes.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & 0x0100) !== 0,
    name: labels.name,
    type: bytes.readUInt16BE(end - 4),
    class: bytes.readUInt16BE(end - 2),
    question: bytes.subarray(HEADER, end),
    edns,
  }
}

/** The response to a query. `records` contains lists of IPv4 addresses by name. */
export function answer(query: Query, records: ReadonlyMap<string, readonly string[]>): Buffer {
  if (query.edns !== undefined && query.edns.version !== 0) return message(query, Code.BadVersion, [])
  if (query.opcode !== 0) return message(query, Code.NotImplemented, [])
  if (query.class !== INTERNET) return message(query, Code.Refused, [])
  const addresses = records.get(query.name)
  if (addresses === undefined) return message(query, Code.NotThere, [])
  return message(query, Code.NoError, query.type === A ? addresses : [])
}

/** Labels up to the root. A question needs no compression pointers, so none are allowed. */
function parseName(bytes: Buffer, start: number): { name: string; end: number } | undefined {
  const labels: string[] = []
  let at = start
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > 63 || at - start + length + 1 > 255) return undefined
    at += 1
    if (length === 0) return { name: labels.join('.'), end: at }
    const label = bytes.toString('latin1', at, at + length)
    // A dot within a label would look like two labels.
    if (label.length !== length || label.includes('.')) return undefined
    labels.push(label.toLowerCase())
    at += length
  }
}

/** The OPT record at the end of a query: root name, type, size, extended code, version, flags, options. */
function parseOpt(bytes: Buffer, at: number): Query['edns'] {
  if (bytes.length < at + 11 || bytes[at] !== 0 || bytes.readUInt16BE(at + 1) !== OPT) return undefined
  if (bytes.length !== at + 11 + bytes.readUInt16BE(at + 9)) return undefined
  return { size: bytes.readUInt16BE(at + 3), version: bytes.readUInt8(at + 6) }
}

function message(query: Query, code: number, addresses: readonly string[]): Buffer {
  const { edns, question } = query
  const size = HEADER + question.length + 16 * addresses.length + (edns === undefined ? 0 : 11)
  const limit = edns === undefined ? PLAIN_SIZE : Math.min(Math.max(edns.size, PLAIN_SIZE), OWN_SIZE)
  if (size > limit) return assemble(query, code, [], { truncated: true })
  return assemble(query, code, addresses, { truncated: false })
}

function assemble(
  { id, opcode, recursionDesired, question, edns }: Query,
  code: number,
  addresses: readonly string[],
  { truncated }: { truncated: boolean },
): Buffer {
  const header = Buffer.alloc(HEADER)
  const answered = 0x8400 | (opcode << 11) | (truncated ? 0x0200 : 0) | (recursionDesired ? 0x0100 : 0)
  const counts = [1, addresses.length, 0, edns === undefined ? 0 : 1]
  for (const [index, field] of [id, answered | (code & 15), ...counts].entries()) {
    header.writeUInt16BE(field, 2 * index)
  }
  return Buffer.concat([
    header,
    question,
    ...addresses.map(record),
    ...(edns === undefined ? [] : [opt(code >> 4)]),
  ])
}

/** An A record for the requested name. */
function record(address: string): Buffer {
  const bytes = Buffer.alloc(16)
  // A pointer to the question's name, right after the header.
  bytes.writeUInt16BE(0xc000 | HEADER, 0)
  bytes.writeUInt16BE(A, 2)
  bytes.writeUInt16BE(INTERNET, 4)
  bytes.writeUInt32BE(TTL, 6)
  bytes.writeUInt16BE(4, 10)
  bytes.set(address.split('.').map(Number), 12)
  return bytes
}

function opt(extendedCode: number): Buffer {
  const bytes = Buffer.alloc(11)
  bytes.writeUInt16BE(OPT, 1)
  bytes.writeUInt16BE(OWN_SIZE, 3)
  bytes.writeUInt8(extendedCode, 5)
  return bytes
}
