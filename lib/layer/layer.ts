import { Duplex, Transform } from 'node:stream'
import { isBytes } from '../bytes.js'
import { asError, RevioError } from '../errors.js'

/** What a function makes of bytes: bytes, several pieces of them, or nothing yet. */
export type Coded = Uint8Array | readonly Uint8Array[] | null | undefined | void

/**
 * One direction of a layer as a plain function: takes bytes as they come, split anywhere, and returns at once what they
 * became. It keeps no reference to the bytes it is given. What it returns is the loop's from then on.
 */
export type Coder = (bytes: Buffer) => Coded

/** The two directions of a layer, each a stream or a function. One that is absent lets bytes through as they are. */
export interface Pair {
  /** Makes plain bytes of those on the wire. A function may change the bytes it is given, and return them. */
  readonly decode?: Duplex | Coder | undefined
  /** Makes bytes for the wire of plain ones. A function leaves the bytes it is given as they are. */
  readonly encode?: Duplex | Coder | undefined
  /** For a function `decode`: the peer has ended. Returns what is left, or throws where something is missing. */
  decodeEnd?(): Coded
  /** For a function `encode`: all output has been encoded. Returns what goes out behind it. */
  encodeEnd?(): Coded
}

/** What translates one connection: a stream that reads and writes the wire it was given, or a pair. */
export type Layer = Duplex | Pair

/** @throws `ERR_OPTION` when `layer` is none. */
export function checkLayer(layer: unknown): asserts layer is Layer {
  if (layer instanceof Duplex) return
  const pair = (typeof layer === 'object' ? layer : undefined) as Partial<Pair> | null | undefined
  const { decode, encode, decodeEnd, encodeEnd } = pair ?? {}
  if ((decode === undefined && encode === undefined) || !isHalf(decode) || !isHalf(encode)) {
    wrong('wrap must return a Duplex, or { decode, encode } of which each is a Duplex or a function')
  }
  checkEnd('decode', decode, decodeEnd)
  checkEnd('encode', encode, encodeEnd)
}

function isHalf(half: unknown): boolean {
  return half === undefined || typeof half === 'function' || half instanceof Duplex
}

function checkEnd(name: string, half: unknown, end: unknown): void {
  if (end === undefined || (typeof end === 'function' && typeof half === 'function')) return
  wrong(`${name}End must be a function beside a function ${name}`)
}

function wrong(what: string): never {
  throw new RevioError('ERR_OPTION', `translate: ${what}`)
}

/** The pieces that a function returned, in order; empty ones are left out. */
export function piecesOf(coded: Coded, name: string): readonly Uint8Array[] {
  if (coded === undefined || coded === null) return []
  const pieces = isBytes(coded) ? [coded] : coded
  if (!Array.isArray(pieces) || !pieces.every(isBytes)) {
    throw new RevioError(
      'ERR_REPLY',
      `translate: ${name} must return a Uint8Array, a list of them, or nothing`,
    )
  }
  return pieces.filter(piece => piece.length > 0)
}

/** One direction of a pair as a stream. */
export function streamOf(pair: Pair, name: 'decode' | 'encode'): Duplex {
  const half = pair[name]
  if (half instanceof Duplex) return half
  const run = (code: () => Coded, stream: Transform, done: (error?: Error | null) => void) => {
    try {
      for (const piece of piecesOf(code(), name)) stream.push(piece)
      done()
    } catch (thrown) {
      done(asError(thrown, name))
    }
  }
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      run(() => (half === undefined ? bytes : half.call(pair, bytes)), this, done)
    },
    flush(done) {
      run(() => pair[`${name}End`]?.(), this, done)
    },
  })
}
