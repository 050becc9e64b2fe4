import { isAscii } from 'node:buffer'
import { readClosing } from '../../lib/websocket/close-code.js'
import { MessageReader, Received } from '../../lib/websocket/message-reader.js'

/** A reader's results, in words: `text hello`, `binary 0102`, `ping 00`, `close 1000 bye`, `bad 1002`. */
export type Found = string

export interface Reading {
  readonly maxMessage?: number
  readonly maxFragments?: number
  readonly compression?: boolean
}

/** Reads pieces of input, each in memory that is overwritten once it has been read. */
export function read(pieces: Iterable<Uint8Array>, options: Reading = {}): Found[] {
  const { maxMessage = 1 << 20, maxFragments = 16_384, compression = false } = options
  const reader = new MessageReader({ maxMessage, maxFragments, compression })
  const found: Found[] = []
  for (const piece of pieces) {
    const input = Buffer.from(piece)
    if (!readPiece(reader, input, found)) break
    input.fill(0xee)
  }
  return found
}

function readPiece(reader: MessageReader, input: Buffer, found: Found[]): boolean {
  reader.begin(input)
  for (;;) {
    const received = reader.next()
    if (received === Received.More) break
    found.push(describe(reader, received))
    if (received === Received.Close || received === Received.Bad) return false
  }
  if (reader.done() !== input.length) throw new Error('not all of the input was read')
  return true
}

function describe(reader: MessageReader, received: Received): Found {
  if (received === Received.Bad) return `bad ${reader.violation?.code}`
  const payload = reader.bytes.subarray(reader.start, reader.end)
  if (received === Received.Ping) return `ping ${payload.toString('hex')}`
  if (received === Received.Pong) return `pong ${payload.toString('hex')}`
  if (received === Received.Close) {
    const closing = readClosing(payload)
    return 'message' in closing ? `bad ${closing.code}` : `close ${closing.code} ${closing.reason}`
  }
  if (reader.ascii !== isAscii(payload)) throw new Error('ascii says otherwise')
  const kind = `${reader.compressed ? 'compressed ' : ''}${reader.binary ? 'binary' : 'text'}`
  return reader.binary || reader.compressed ? `${kind} ${payload.toString('hex')}` : `${kind} ${payload}`
}

/** The same bytes as a whole, byte by byte, split at every position, and in pieces of some sizes. */
export function* ways(bytes: Buffer): IterableIterator<{ readonly name: string; readonly pieces: Buffer[] }> {
  yield { name: 'whole', pieces: [bytes] }
  const sizes = bytes.length > 100_000 ? [997, 65_536] : [1, 3, 64, 997]
  for (const size of sizes) yield { name: `in pieces of ${size}`, pieces: inPieces(bytes, size) }
  // Every position in short input; in long input those near both ends, where heads are, and some between.
  const step = Math.max(1, Math.floor(bytes.length / 300))
  for (let at = 1; at < bytes.length; at += at < 32 || at > bytes.length - 32 ? 1 : step) {
    yield { name: `split at ${at}`, pieces: [bytes.subarray(0, at), bytes.subarray(at)] }
    if (bytes.length > 100_000 && at >= 32) return
  }
}

export function inPieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}
