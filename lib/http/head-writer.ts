import { Buffer } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import { RevioError } from '../errors.js'
import { show } from '../show.js'
import type { DateLine } from './date-line.js'
import { Fields } from './fields.js'
import type { HeaderList } from './message.js'

/** The framing of a body without `content-length`. */
export const CHUNKED = -1
/** The body ends with the connection, or there is none. */
export const UNFRAMED = -2

const statusLines = new Map<number, string>()

/** Writes the heads of responses. Caches the last head, because a server's responses are often alike. */
export class HeadWriter {
  readonly #dates: DateLine
  #status = 0
  #lines: string[] = []
  #count = 0
  #framing = 0
  #connection = ''
  #date = ''
  #head = ''

  constructor(dates: DateLine) {
    this.#dates = dates
  }

  /**
   * @param framing - The `content-length`, `CHUNKED` or `UNFRAMED`.
   * @param connection - The value of `connection`; empty for none.
   */
  write(status: number, fields: Fields, framing: number, connection: string, now: number): string {
    const date = fields.dated ? '' : this.#dates.at(now)
    if (
      status === this.#status &&
      framing === this.#framing &&
      connection === this.#connection &&
      date === this.#date &&
      this.#sameLines(fields)
    ) {
      return this.#head
    }
    this.#status = status
    this.#framing = framing
    this.#connection = connection
    this.#date = date
    this.#count = fields.count
    for (let at = 0; at < fields.count; at++) this.#lines[at] = fields.lines[at] ?? ''
    this.#head = `${statusLine(status)}${this.#lines.slice(0, this.#count).join('')}${date}${lineOf(framing)}${connection === '' ? '' : `Connection: ${connection}\r\n`}\r\n`
    return this.#head
  }

  #sameLines({ lines, count }: Fields): boolean {
    if (count !== this.#count) return false
    for (let at = 0; at < count; at++) if (lines[at] !== this.#lines[at]) return false
    return true
  }
}

function lineOf(framing: number): string {
  if (framing === CHUNKED) return 'Transfer-Encoding: chunked\r\n'
  return framing === UNFRAMED ? '' : `Content-Length: ${framing}\r\n`
}

export function statusLine(status: number): string {
  const known = statusLines.get(status)
  if (known !== undefined) return known
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  statusLines.set(status, line)
  return line
}

/** Returns an interim response. @throws `ERR_REPLY`. */
export function interim(status: number, headers: HeaderList | undefined): Buffer {
  if (!Number.isInteger(status) || status < 100 || status > 199 || status === 101) {
    throw new RevioError(
      'ERR_REPLY',
      `http: expected a status from 100 to 199 other than 101; received ${show(status)}`,
    )
  }
  const fields = new Fields()
  fields.read(headers)
  return Buffer.from(`${statusLine(status)}${fields.lines.join('')}\r\n`, 'latin1')
}
