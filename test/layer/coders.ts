import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { Pair } from '../../lib/index.js'

/** A pair of streams, for peers. */
export interface StreamPair extends Pair {
  readonly decode: Duplex
  readonly encode: Duplex
}

/** The layer of a connection, and its counterpart at the peer. */
export interface Coder {
  readonly layer: () => Pair
  readonly peer: () => StreamPair
}

const KEY = Buffer.alloc(32, 7)
const IV = Buffer.alloc(16, 3)

const decipher = () => createDecipheriv('aes-256-ctr', KEY, IV)
const encipher = () => createCipheriv('aes-256-ctr', KEY, IV)
const ciphers = (): StreamPair => ({ decode: decipher(), encode: encipher() })

/** The same as functions, which occasionally return several pieces, including empty ones. */
function functions(): Required<Pair> {
  const [incoming, outgoing] = [decipher(), encipher()]
  const inHalves = (bytes: Buffer) => [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)]
  return {
    decode: bytes => [Buffer.alloc(0), incoming.update(bytes)],
    decodeEnd: () => incoming.final(),
    encode(bytes) {
      const coded = outgoing.update(bytes)
      return coded.length % 3 === 1 ? inHalves(coded) : coded
    },
    encodeEnd: () => outgoing.final(),
  }
}

// A peer that leaves before its stream has ended is reported by the connection's error, not by zlib's.
const deflate = (level?: number): StreamPair => ({
  decode: createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH }),
  encode: createDeflateRaw({ flush: constants.Z_SYNC_FLUSH, ...(level === undefined ? {} : { level }) }),
})

export const coders = {
  cipher: { layer: ciphers, peer: ciphers },
  functions: { layer: functions, peer: ciphers },
  mixed: { layer: () => ({ decode: functions().decode, encode: encipher() }), peer: ciphers },
  deflate: { layer: () => deflate(), peer: () => deflate() },
  // Like the one above, in another thread; but the length on the wire equals the plain length.
  stored: { layer: () => deflate(0), peer: () => deflate(0) },
} as const satisfies Readonly<Record<string, Coder>>
