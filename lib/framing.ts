import { Buffer } from 'node:buffer'
import { copyOf, isBytes } from './bytes.js'
import { checkObject } from './checks.js'
import { RevioError } from './errors.js'
import { show } from './show.js'

/** Options of `lines`. */
export interface Splitting {
  /** The line delimiter: text, encoded as UTF-8, or bytes. Default `'\n'`. */
  delimiter?: string | Uint8Array
  /** Maximum bytes of a line, without the delimiter. Default no limit. */
  maxLength?: number
}

/** Options of `frames`, which have a length prefix. */
export interface Framing {
  /** Size of the length prefix in bytes. Default 4. */
  lengthBytes?: 1 | 2 | 4
  /** Byte order of the length. Default `'big'`. */
  endian?: 'big' | 'little'
  /** Whether the length includes the prefix itself. Default false. */
  includesHeader?: boolean
  /** Maximum bytes of a frame, without the prefix. Default no limit. */
  maxLength?: number
}

const SPLITTING: readonly string[] = ['delimiter', 'maxLength'] satisfies (keyof Splitting)[]
const FRAMING: readonly string[] = [
  'lengthBytes',
  'endian',
  'includesHeader',
  'maxLength',
] satisfies (keyof Framing)[]

/** @throws `ERR_OPTION`, naming the option and its value. */
export function splitting(options: Splitting): { delimiter: Buffer; maxLength: number } {
  check(options, SPLITTING)
  const { delimiter = '\n', maxLength = Number.POSITIVE_INFINITY } = options
  if (typeof delimiter !== 'string' && !isBytes(delimiter)) wrong('delimiter', 'text or bytes', delimiter)
  if (delimiter.length === 0) wrong('delimiter', 'at least one byte', delimiter)
  const bytes = typeof delimiter === 'string' ? bytesOf(delimiter) : copyOf(delimiter)
  return { delimiter: bytes, maxLength: checkLength('maxLength', maxLength) }
}

/** Caches the last delimiter: most programs pass the same one with every input. */
let known = { text: '\n', bytes: Buffer.from('\n') }

function bytesOf(text: string): Buffer {
  if (text !== known.text) known = { text, bytes: Buffer.from(text) }
  return known.bytes
}

/** @throws `ERR_OPTION`, naming the option and its value. */
export function framing(options: Framing) {
  check(options, FRAMING)
  const { lengthBytes = 4, endian = 'big', includesHeader = false } = options
  const { maxLength = Number.POSITIVE_INFINITY } = options
  if (![1, 2, 4].includes(lengthBytes)) wrong('lengthBytes', '1, 2 or 4', lengthBytes)
  if (endian !== 'big' && endian !== 'little') wrong('endian', '"big" or "little"', endian)
  if (typeof includesHeader !== 'boolean') wrong('includesHeader', 'true or false', includesHeader)
  const little = endian === 'little'
  return {
    lengthBytes,
    little,
    header: includesHeader ? lengthBytes : 0,
    maxLength: checkLength('maxLength', maxLength),
  }
}

function check(options: object, names: readonly string[]): void {
  checkObject(options)
  for (const name in options) {
    if (names.includes(name) || !Object.hasOwn(options, name)) continue
    throw new RevioError('ERR_OPTION', `unknown option "${name}"; known options are ${names.join(', ')}`)
  }
}

/** @throws `ERR_OPTION` unless it may limit a number of bytes. */
export function checkLength(name: string, maxLength: number): number {
  if (!(typeof maxLength === 'number' && maxLength >= 0))
    wrong(name, 'a non-negative number of bytes', maxLength)
  return maxLength
}

function wrong(name: string, expected: string, received: unknown): never {
  throw new RevioError('ERR_OPTION', `option ${name}: expected ${expected}; received ${show(received)}`)
}
