import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { Pair } from '../../lib/index.js'

const KEY = Buffer.alloc(32, 7)
const IV = Buffer.alloc(16, 3)

/** Pairs that translate one connection; the other side takes one of the same kind. */
export const coders = {
  cipher: (): Pair => ({
    decode: createDecipheriv('aes-256-ctr', KEY, IV),
    encode: createCipheriv('aes-256-ctr', KEY, IV),
  }),
  // A peer that goes before it has ended its stream is for the connection's own error to tell, not for zlib's.
  deflate: (): Pair => ({
    decode: createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH }),
    encode: createDeflateRaw({ flush: constants.Z_SYNC_FLUSH }),
  }),
  // As the one above, in a thread of its own; only that what goes over the wire is as long as what is meant.
  stored: (): Pair => ({
    decode: createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH }),
    encode: createDeflateRaw({ flush: constants.Z_SYNC_FLUSH, level: 0 }),
  }),
} as const
