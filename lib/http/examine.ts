import type { Head } from './head.js'
import { HttpError } from './http-error.js'
import { latin1 } from './latin1.js'
import type { Limits } from './limits.js'
import { INVALID_METHOD, PAUSED_H2_UPGRADE } from './llhttp.js'
import { METHODS } from './methods.js'

/** The result of checking a head. */
export interface Facts {
  /** The minor version of HTTP/1: 0 or 1. */
  minor: number
  /** `expect: 100-continue`. */
  expects: boolean
  /** The value of `content-length`, if any. */
  length: number
  chunked: boolean
  /** `connection: close` of HTTP/1.0, which overrides a `keep-alive` beside it. */
  closes: boolean
  /** The offset of the head's end. */
  end: number
}

const SP = 32
/** How many bytes of a request line to search for a version. */
const MOST_OF_LINE = 1024
const CR = 13

/** ' HTTP/1.' */
const VERSION = [...' HTTP/1.'].map(character => character.charCodeAt(0))

const CONNECT = METHODS.indexOf('CONNECT')
const OPTIONS = METHODS.indexOf('OPTIONS')

/**
 * Rejects what llhttp accepts although RFC 9110 and 9112 forbid it, before the head is used.
 *
 * @param method - llhttp's number.
 * @returns the first error.
 */
export function examine(head: Head, method: number, limits: Limits, facts: Facts): HttpError | undefined {
  if (head.urlEnd - head.urlStart > limits.maxTarget) return targetTooLong(limits)
  if (head.count > limits.maxHeaders) return tooManyFields(limits)
  facts.end = head.end
  if (facts.end - head.start > limits.maxHead) return headTooLong(limits)
  return checkRequestLine(head, method, facts) ?? checkFields(head, limits, facts)
}

/** Checks the beginning of an incomplete head. */
export function examinePart(head: Head, length: number, limits: Limits): HttpError | undefined {
  if (head.urlEnd - head.urlStart > limits.maxTarget) return targetTooLong(limits)
  if (length > limits.maxHead) return headTooLong(limits)
  return head.count > limits.maxHeaders ? tooManyFields(limits) : undefined
}

/** Fields for framing or routing: after the body they come too late, and llhttp would act on some of them. */
const NO_TRAILERS = /^(?:connection|proxy-connection|content-length|transfer-encoding|upgrade|host):/im

/** Checks the lines of trailers. */
export function examineTrailers(lines: string): HttpError | undefined {
  const [name] = NO_TRAILERS.exec(lines) ?? []
  return name === undefined ? undefined : new HttpError(400, `${name.slice(0, -1)} must not be a trailer`)
}

function targetTooLong({ maxTarget }: Limits): HttpError {
  return new HttpError(414, `the request's target has more than ${maxTarget} bytes`)
}

export function headTooLong({ maxHead }: Limits): HttpError {
  return new HttpError(431, `the request's head has more than ${maxHead} bytes`)
}

export function tooManyFields({ maxHeaders }: Limits): HttpError {
  return new HttpError(431, `the request has more than ${maxHeaders} header fields`)
}

export function bodyTooLong({ maxBody }: Limits): HttpError {
  return new HttpError(413, `the request's body has more than ${maxBody} bytes`)
}

/** The target must have exactly one space on either side, and a supported version after it. */
function checkRequestLine(head: Head, method: number, facts: Facts): HttpError | undefined {
  const { bytes, urlStart, urlEnd } = head
  if (METHODS[method] === undefined) return new HttpError(501, 'unknown method')
  if (bytes[urlStart - 1] !== SP || bytes[urlStart - 2] === SP) {
    return new HttpError(400, 'expected one space before the target')
  }
  for (let at = 0; at < VERSION.length; at++) {
    if (bytes[urlEnd + at] !== VERSION[at]) return wrongVersion(head)
  }
  const minor = (bytes[urlEnd + VERSION.length] ?? 0) - 48
  if ((minor !== 0 && minor !== 1) || bytes[urlEnd + VERSION.length + 1] !== CR) return wrongVersion(head)
  facts.minor = minor
  return isTarget(head, method)
    ? undefined
    : new HttpError(400, 'the target has none of the forms of RFC 9112')
}

/** The error for an unsupported or missing version. */
export function wrongVersion({ bytes, urlEnd }: Head): HttpError {
  const rest = latin1(bytes, urlEnd, Math.min(bytes.length, urlEnd + 9))
  if (/^ HTTP\/(?:[02-9]|1\.[2-9])/.test(rest))
    return new HttpError(505, 'expected version 1.0 or 1.1 of HTTP')
  return new HttpError(
    400,
    'expected the version 1.0 or 1.1 of HTTP behind the target, and one space before it',
  )
}

/** Whether a supported version follows the target. */
function hasVersion({ bytes, urlEnd }: Head): boolean {
  const rest = latin1(bytes, urlEnd, Math.min(bytes.length, urlEnd + 9))
  return rest === ' HTTP/1.1' || rest === ' HTTP/1.0'
}

/** Maps an error of llhttp to the response for the peer. */
export function malformed(result: number, reason: string, head: Head, inBody: boolean): HttpError {
  if (result === PAUSED_H2_UPGRADE) return new HttpError(505, 'expected version 1.0 or 1.1 of HTTP, not 2')
  if (inBody) return new HttpError(400, because('malformed body', reason))
  if (result === INVALID_METHOD) {
    // An incomplete line can't be judged yet.
    const line = latin1(head.bytes, head.start, Math.min(head.bytes.length, head.start + MOST_OF_LINE))
    const named = /^[\r\n]*[!#$%&'*+.^`|~\w-]+ [^ ]+ HTTP\//.test(line)
    return named ? new HttpError(501, 'unknown method') : new HttpError(400, 'expected a method')
  }
  if (head.urlStart >= 0 && head.count === 0 && !hasVersion(head)) return wrongVersion(head)
  return new HttpError(400, because('malformed head', reason))
}

function because(what: string, reason: string): string {
  return reason === '' ? what : `${what}: ${reason[0]?.toLowerCase()}${reason.slice(1)}`
}

/** A path, or the other forms of a target: for CONNECT, OPTIONS and proxies. */
function isTarget({ bytes, urlStart, urlEnd }: Head, method: number): boolean {
  if (bytes[urlStart] === 47) return method !== CONNECT
  const target = bytes.toString('latin1', urlStart, urlEnd)
  if (method === CONNECT) return AUTHORITY.test(target)
  if (target === '*') return method === OPTIONS
  const [, authority] = /^https?:\/\/([^/?#]+)(?:[/?]|$)/i.exec(target) ?? []
  return authority !== undefined && AUTHORITY.test(authority)
}

function checkFields(head: Head, limits: Limits, facts: Facts): HttpError | undefined {
  facts.expects = false
  facts.length = 0
  facts.chunked = false
  facts.closes = false
  let hosts = 0
  for (let index = 0; index < head.count; index++) {
    const wrong = checkField(head, index, facts)
    if (wrong === HOST) hosts++
    else if (wrong !== undefined) return wrong
  }
  if (hosts > 1 || (hosts === 0 && facts.minor === 1)) {
    return new HttpError(400, `expected one host field; received ${hosts}`)
  }
  return facts.length > limits.maxBody ? bodyTooLong(limits) : undefined
}

/** Marks a valid host field. */
const HOST = Symbol('host')

/** Compares lengths first: most names have a length that no checked field has. */
function checkField(head: Head, index: number, facts: Facts): HttpError | typeof HOST | undefined {
  const start = head.nameStart(index)
  switch (head.nameEnd(index) - start) {
    case 4:
      return isName(head, start, 'host') ? checkHost(head, index) : undefined
    case 6:
      return isName(head, start, 'expect') ? checkExpectation(head, index, facts) : undefined
    case 10:
      if (facts.minor === 0 && isName(head, start, 'connection')) {
        facts.closes ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(head.valueOf(index))
      }
      return undefined
    case 14:
      if (isName(head, start, 'content-length')) facts.length = Number(head.valueOf(index))
      return undefined
    case 17:
      return isName(head, start, 'transfer-encoding') ? checkCoding(head, index, facts) : undefined
    default:
      return undefined
  }
}

function isName({ bytes }: Head, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    if (((bytes[start + at] ?? 0) | 0x20) !== name.charCodeAt(at)) return false
  }
  return true
}

function checkHost(head: Head, index: number): HttpError | typeof HOST {
  const { bytes } = head
  let end = head.valueEnd(index)
  while (end > head.valueStart(index) && (bytes[end - 1] ?? 0) <= SP) end--
  const start = head.valueStart(index)
  if (start >= end) return new HttpError(400, 'the host field is empty')
  for (let at = start; at < end; at++) {
    if (PLAIN_IN_HOST[bytes[at] ?? 0]) continue
    if (AUTHORITY.test(latin1(bytes, start, end))) break
    return new HttpError(400, 'the host field holds no host')
  }
  return HOST
}

/** Characters of hosts that need no further check. */
const PLAIN_IN_HOST = Uint8Array.from({ length: 256 }, (_, code) =>
  /[\w.~!$&'()*+,;=-]/.test(String.fromCharCode(code)) ? 1 : 0,
)

/** A host and an optional port. */
const AUTHORITY =
  /^(?:\[(?:[\da-f]*:[\da-f:.]*|v[\da-f]+\.[\w.~!$&'()*+,;=:-]+)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d{0,5})?$/i

function checkExpectation(head: Head, index: number, facts: Facts): HttpError | undefined {
  if (head.valueOf(index).toLowerCase() !== '100-continue') {
    return new HttpError(417, 'expected 100-continue in the expect field')
  }
  // HTTP/1.0 has no `expect`; it is ignored there.
  facts.expects = facts.minor === 1
  return undefined
}

function checkCoding(head: Head, index: number, facts: Facts): HttpError | undefined {
  if (facts.minor === 0) return new HttpError(400, 'HTTP/1.0 knows no transfer-encoding')
  if (head.valueOf(index).toLowerCase() !== 'chunked') {
    return new HttpError(501, 'unsupported transfer-encoding: expected chunked')
  }
  facts.chunked = true
  return undefined
}
