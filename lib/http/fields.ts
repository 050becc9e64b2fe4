import { RevioError } from '../errors.js'
import { show } from '../show.js'
import type { HeaderList } from './message.js'

/** How many names to cache, and how many lines of each response. */
const REMEMBERED = 1000
/** Longer values are not cached. */
const LONGEST = 256

type Kind = 'plain' | 'content-length' | 'connection' | 'transfer-encoding' | 'date'

const KINDS: ReadonlyMap<string, Kind> = new Map(
  (['content-length', 'connection', 'transfer-encoding', 'date'] as const).map(name => [name, name]),
)

/** A valid name, with the line of its last value. */
interface Name {
  readonly prefix: string
  readonly kind: Kind
  value: string | undefined
  line: string
  /** The line contains characters beyond ASCII. */
  binary: boolean
}

const names = new Map<string, Name>()

/** The validated fields of one response, as lines. One object serves all responses in turn. */
export class Fields {
  readonly lines: string[] = []
  count = 0
  /** The value of `content-length`. */
  length: number | undefined
  /** Whether `connection` contains `close`. */
  close = false
  /** The other values of `connection`. */
  connection = ''
  /** Whether the program sets `date` itself. */
  dated = false
  /** A value contains characters beyond ASCII, so the head is encoded as latin1. */
  binary = false

  /** @throws `ERR_REPLY` for a name or value that is invalid, or that contradicts what is sent. */
  read(headers: HeaderList | undefined): void {
    this.count = 0
    this.length = undefined
    this.close = false
    this.connection = ''
    this.dated = false
    this.binary = false
    if (headers === undefined) return
    if (typeof headers !== 'object' || headers === null)
      throw wrong('expected an object, pairs or Headers', headers)
    if (isIterable(headers)) for (const [name, value] of headers) this.#add(name, value)
    else for (const name in headers) this.#each(name, headers[name])
  }

  #each(name: string, value: string | number | readonly string[] | undefined): void {
    if (typeof value === 'string') this.#add(name, value)
    else if (typeof value === 'number') this.#add(name, String(value))
    else if (Array.isArray(value)) for (const each of value) this.#add(name, each)
    else if (value !== undefined) throw wrong(`header ${name}: expected a string, a number or a list`, value)
  }

  #add(text: string, value: string): void {
    if (typeof value !== 'string') throw wrong(`header ${show(text)}: expected a string`, value)
    const name = names.get(text) ?? checkName(text)
    if (name.kind !== 'plain') return this.#special(name, value)
    this.#line(name, value)
  }

  #line(name: Name, value: string): void {
    if (value !== name.value) remember(name, value)
    this.lines[this.count++] = name.line
    if (name.binary) this.binary = true
  }

  #special(name: Name, value: string): void {
    if (name.kind === 'connection') return this.#connection(value)
    if (name.kind === 'date') {
      this.dated = true
      return this.#line(name, value)
    }
    if (name.kind === 'transfer-encoding') {
      if (value.toLowerCase() === 'chunked') return
      throw wrong('header transfer-encoding: only chunked can be sent, where it is needed', value)
    }
    if (!/^\d{1,15}$/.test(value)) throw wrong('header content-length: expected a number of bytes', value)
    if (this.length !== undefined && this.length !== Number(value)) {
      throw wrong('header content-length: given twice', value)
    }
    this.length = Number(value)
  }

  #connection(value: string): void {
    checkValue('connection', value)
    const tokens = value.split(',').map(token => token.trim())
    if (tokens.some(token => token.toLowerCase() === 'close')) this.close = true
    this.connection = tokens.filter(token => !/^(?:close|keep-alive|)$/i.test(token)).join(', ')
  }
}

/** Returns the lines of trailers. */
export function trailerLines(fields: Fields, trailers: HeaderList): string {
  fields.read(trailers)
  if (fields.length !== undefined || fields.connection !== '' || fields.close) {
    throw wrong('trailers must not frame the message', 'content-length or connection')
  }
  if (fields.binary) throw wrong('trailers must be ASCII', trailers)
  return fields.lines.slice(0, fields.count).join('')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
const BEYOND_ASCII = /[^\x00-\x7f]/
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/

function checkName(text: string): Name {
  if (typeof text !== 'string' || !/^[!#$%&'*+.^`|~\w-]+$/.test(text))
    throw wrong('not a name of a header', text)
  const kind = KINDS.get(text.toLowerCase()) ?? 'plain'
  const name = { prefix: `${text}: `, kind, value: undefined, line: '', binary: false }
  if (names.size < REMEMBERED) names.set(text, name)
  return name
}

function remember(name: Name, value: string): void {
  checkValue(name.prefix.slice(0, -2), value)
  // Flattened now: V8 would flatten a concatenated string on every write.
  name.line = `${name.prefix}${value}\r\n`
  name.value = value.length > LONGEST ? undefined : value
  name.binary = BEYOND_ASCII.test(value)
}

function checkValue(name: string, value: string): void {
  if (FORBIDDEN.test(value)) throw wrong(`header ${name}: a value must not have control characters`, value)
}

function wrong(what: string, value: unknown): RevioError {
  return new RevioError(
    'ERR_REPLY',
    `http: ${what}; received ${typeof value === 'string' ? JSON.stringify(value) : show(value)}`,
  )
}

function isIterable(headers: HeaderList): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers
}
