import { Duplex, Transform } from 'node:stream'
import { isBytes } from '../bytes.js'
import { asError, RevioError } from '../errors.js'
import { kindOf } from '../show.js'

/** The result of a layer's function: bytes, a list of pieces, or nothing yet. */
export type Coded = Uint8Array | readonly Uint8Array[] | null | undefined | void

/**
 * One direction of a layer as a plain function. Receives bytes split at any point and returns what they become,
 * synchronously. It must not keep a reference to its argument; the loop owns what it returns.
 */
export type Coder = (bytes: Buffer) => Coded

/** The two directions of a layer, each a stream or a function. An absent direction passes bytes through unchanged. */
export interface Pair {
  /** Turns bytes from the wire into plain bytes. A function may modify its argument and return it. */
  readonly decode?: Duplex | Coder | undefined
  /** Turns plain bytes into bytes for the wire. A function must not modify its argument. */
  readonly encode?: Duplex | Coder | undefined
  /**
   * With a function `decode`: called when the peer has ended. Returns the last bytes, or throws if the input is
   * incomplete.
   */
  decodeEnd?(): Coded
  /** With a function `encode`: called when all output is encoded. Returns the bytes that follow it. */
  encodeEnd?(): Coded
}

/** The layer of one connection: a stream that reads and writes the wire it was given, or a pair. */
export type Layer = Duplex | Pair

/** @throws `ERR_OPTION` if `layer` is not a layer. */
export function checkLayer(layer: unknown): asserts layer is Layer {
  if (layer instanceof Duplex) return
  const pair = (typeof layer === 'object' ? layer : undefined) as Partial<Pair> | null | undefined
  const { decode, encode, decodeEnd, encodeEnd } = pair ?? {}
  if (decode === undefined && encode === undefined) {
    wrong(`wrap must return a Duplex or { decode, encode }; received ${kindOf(layer)}`)
  }
  checkHalf('decode', decode, decodeEnd)
  checkHalf('encode', encode, encodeEnd)
}

function checkHalf(name: string, half: unknown, end: unknown): void {
  if (half !== undefined && typeof half !== 'function' && !(half instanceof Duplex)) {
    wrong(`${name} must be a Duplex or a function; received ${kindOf(half)}`)
  }
  if (end === undefined) return
  if (typeof end !== 'function') wrong(`${name}End must be a function; received ${kindOf(end)}`)
  if (typeof half !== 'function')
    wrong(`${name}End requires ${name} to be a function; received ${kindOf(half)}`)
}

function wrong(what: string): never {
  throw new RevioError('ERR_OPTION', `translate: ${what}`)
}

/** Returns the pieces that a function returned, in order and without empty ones. */
export function piecesOf(coded: Coded, name: string): readonly Uint8Array[] {
  if (coded === undefined || coded === null) return []
  const pieces = isBytes(coded) ? [coded] : coded
  if (!Array.isArray(pieces) || !pieces.every(isBytes)) {
    throw new RevioError(
      'ERR_REPLY',
      `translate: ${name} must return a Uint8Array, an array of them, or nothing; received ${kindOf(coded)}`,
    )
  }
  return pieces.filter(piece => piece.length > 0)
}

/** Returns one direction of a pair as a stream. */
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
