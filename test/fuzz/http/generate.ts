import { Prng } from '../../../lib/testing/network/prng.js'

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'M-SEARCH',
  'BREW',
  'get',
  'PLAY',
  'PRI',
]
const TARGETS = [
  '/',
  '/',
  '/a?b=c',
  '/%00',
  '*',
  'http://a/b',
  'a',
  '',
  '/a b',
  '/\x80',
  `/${'x'.repeat(300)}`,
]
const VERSIONS = [
  ...Array<string>(12).fill('HTTP/1.1'),
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/11',
  'http/1.1',
  'RTSP/1.0',
]
const SPACES = [...Array<string>(20).fill(' '), '  ', '\t', '']
const ENDS = [...Array<string>(30).fill('\r\n'), '\n', '\r', '\r\r\n', '\r\n ', '\0\r\n']
const FIELDS = [
  'Accept: */*',
  'X: y',
  'X:',
  'X : y',
  ': y',
  'X',
  'X: \x00',
  'X: \xff',
  'Host: b',
  'Host:',
  'Content-Length: 3',
  'Content-Length: 0',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding : chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: upgrade',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Trailer: X',
]
const CHUNKS = [
  '3\r\nabc\r\n',
  '3;a=b\r\nabc\r\n',
  '03\r\nabc\r\n',
  '1\r\na\r\n',
  '3\r\nabcd\r\n',
  'x\r\n',
  '3\nabc\n',
  '-1\r\n',
  '3 \r\nabc\r\n',
]
const LAST = [
  ...Array<string>(8).fill('0\r\n\r\n'),
  '0\r\nX: y\r\n\r\n',
  '0\r\nContent-Length: 3\r\n\r\n',
  '0;a\r\n\r\n',
  '00\r\n\r\n',
  '0\r\n',
  '',
]

/** Bytes that may be requests, complete and in pieces. */
export interface Input {
  readonly bytes: Buffer
  readonly pieces: readonly Buffer[]
}

/** Random requests: mostly valid, and with input that has fooled parsers before. */
export function generate(seed: number): Input {
  const prng = new Prng(seed)
  const one = <T>(list: readonly T[]): T => list[prng.below(list.length)] as T
  const text = Array.from({ length: 1 + prng.below(4) }, () => message(prng, one)).join('')
  const bytes = Buffer.from(text, 'latin1')
  // Occasionally replaces a byte.
  if (prng.below(5) === 0) bytes[prng.below(bytes.length)] = prng.below(256)
  return { bytes, pieces: cut(bytes, prng) }
}

type One = <T>(list: readonly T[]) => T

function message(prng: Prng, one: One): string {
  const odd = prng.below(3) === 0
  const end = () => (odd ? one(ENDS) : '\r\n')
  const fields = prng.below(20) === 0 ? [] : ['Host: a']
  const method = one(METHODS)
  if (odd) for (let count = prng.below(4); count > 0; count--) fields.push(one(FIELDS))
  let body = ''
  if (method.startsWith('P') || prng.below(8) === 0) {
    if (prng.below(2) === 0) {
      fields.push('Content-Length: 3')
      body = one(['abc', 'abc', 'abc', 'ab', 'abcd'])
    } else {
      fields.push('Transfer-Encoding: chunked')
      const chunks = odd ? CHUNKS : CHUNKS.slice(0, 4)
      body =
        Array.from({ length: prng.below(4) }, () => one(chunks)).join('') + (odd ? one(LAST) : '0\r\n\r\n')
    }
  }
  const space = () => (odd ? one(SPACES) : ' ')
  const line = `${method}${space()}${odd ? one(TARGETS) : one(TARGETS.slice(0, 3))}${space()}${odd ? one(VERSIONS) : 'HTTP/1.1'}`
  return `${line}${end()}${fields.map(field => `${field}${end()}`).join('')}${end()}${body}`
}

function cut(bytes: Buffer, prng: Prng): Buffer[] {
  const pieces: Buffer[] = []
  const longest = prng.below(2) === 0 ? bytes.length : 1 + prng.below(20)
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + prng.below(longest)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
