import type { RequestHeaders } from './message.js'

type Field = readonly [name: string, value: string]

/**
 * The fields of a head, parsed on demand. llhttp has validated the text: every line is `name:value` with CR LF, and
 * none is folded.
 */
export class FieldLines implements RequestHeaders {
  readonly #lines: string
  #raw: readonly Field[] | undefined
  #joined: Map<string, string> | undefined

  constructor(lines: string) {
    this.#lines = lines
  }

  get raw(): readonly Field[] {
    this.#raw ??= parse(this.#lines)
    return this.#raw
  }

  get(name: string): string | undefined {
    return this.#all().get(lowerCase(name))
  }

  getAll(name: string): string[] {
    const wanted = lowerCase(name)
    return this.raw.filter(([name]) => lowerCase(name) === wanted).map(([, value]) => value)
  }

  has(name: string): boolean {
    return this.#all().has(lowerCase(name))
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#all()[Symbol.iterator]()
  }

  toJSON(): Record<string, string> {
    // `__proto__` is an ordinary name here.
    return Object.assign(Object.create(null), Object.fromEntries(this))
  }

  #all(): Map<string, string> {
    this.#joined ??= join(this.raw)
    return this.#joined
  }
}

function parse(lines: string): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r\n', colon)
    if (colon < 0 || end < 0) break
    fields.push([lines.slice(at, colon), trim(lines, colon + 1, end)])
    at = end + 2
  }
  return fields
}

/** Trims spaces and tabs only; other whitespace is part of the value. */
function trim(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function join(raw: readonly Field[]): Map<string, string> {
  const joined = new Map<string, string>()
  for (const [name, value] of raw) {
    const key = lowerCase(name)
    const before = joined.get(key)
    joined.set(key, before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`)
  }
  return joined
}

function lowerCase(name: string): string {
  return name.toLowerCase()
}
