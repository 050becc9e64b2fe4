import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib'
import t from 'tap'
import type { WebSocketOptions } from '../../lib/websocket/index.js'
import { frame, readFrames } from './frames.js'
import { inPieces } from './reading.js'
import { echo, world } from './world.js'

/**
 * Chapter 12 of the Autobahn suite: messages of many sizes, compressed, with every set of parameters. There each case
 * sends a thousand messages; here they are fewer of the long ones. From the eleventh on each message is in fragments.
 */
const SIZES: readonly { readonly size: number; readonly fragment?: number }[] = [
  ...[16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072].map(size => ({ size })),
  ...[256, 1024, 4096, 8192, 16_384, 32_768].map(fragment => ({ size: 131_072, fragment })),
]

const SETS: readonly {
  readonly name: string
  readonly offer: string
  readonly deflate: WebSocketOptions['deflate']
}[] = [
  {
    name: '12.1',
    offer: 'permessage-deflate',
    deflate: { contextTakeover: true, windowBits: 15, threshold: 0 },
  },
  {
    name: '12.2',
    offer: 'permessage-deflate; server_no_context_takeover; client_max_window_bits',
    deflate: { contextTakeover: true, windowBits: 15, threshold: 0 },
  },
  {
    name: '12.3',
    offer: 'permessage-deflate; client_no_context_takeover; server_max_window_bits=9',
    deflate: { contextTakeover: true, threshold: 0 },
  },
  {
    name: '12.4',
    offer: 'permessage-deflate; server_max_window_bits=15',
    deflate: { windowBits: 15, threshold: 0 },
  },
  {
    name: '12.5',
    offer: 'permessage-deflate; server_no_context_takeover; server_max_window_bits=9, permessage-deflate',
    deflate: { threshold: 0, level: 9, memLevel: 9 },
  },
]

const WORDS = ['{"key":', '"value"', ',', 'compression ', 'κόσμε ', '\n', '0123456789']

function message(size: number, seed: number): string {
  const words: string[] = []
  let length = 0
  for (let state = seed + 1; length < size; state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) {
    const word = WORDS[(state >>> 16) % WORDS.length] ?? ''
    words.push(word)
    length += word.length
  }
  return words.join('')
}

/** A client's side of zlib, which forgets where the parameters ask it to. */
class Coder {
  readonly #forgets: boolean
  readonly #serverForgets: boolean
  #deflater: DeflateRaw | undefined
  #inflater: InflateRaw | undefined

  constructor(offer: string) {
    // What the server forgets beyond what was asked for does no harm to a client that remembers.
    this.#forgets = !/^permessage-deflate(; server_no_context_takeover; client_max_window_bits)?$/.test(offer)
    this.#serverForgets = offer.includes('server_no_context_takeover')
  }

  async deflate(bytes: Buffer): Promise<Buffer> {
    if (this.#forgets) this.#deflater = undefined
    this.#deflater ??= createDeflateRaw()
    const all = await through(this.#deflater, bytes)
    return all.subarray(0, all.length - 4)
  }

  inflate(payload: Buffer): Promise<Buffer> {
    if (this.#serverForgets) this.#inflater = undefined
    this.#inflater ??= createInflateRaw()
    return through(this.#inflater, Buffer.concat([payload, Buffer.from('0000ffff', 'hex')]))
  }
}

for (const { name, offer, deflate } of SETS) {
  t.test(`${name}: ${offer}`, async t => {
    for (const [index, { size, fragment }] of SIZES.entries()) {
      const count = size > 16_384 ? 2 : 6
      const { simulation, connect, sockets } = world(echo, {
        deflate: deflate ?? true,
        headers: { 'sec-websocket-extensions': offer },
      })
      const peer = connect()
      const client = new Coder(offer)
      for (let number = 0; number < count; number++) {
        const text = message(size, number)
        const payload = await client.deflate(Buffer.from(text))
        const frames = inFrames(payload, fragment ?? payload.length)
        peer.take()
        if (number === 0 && payload.length < 1000) for (const byte of inPieces(frames, 1)) peer.send(byte)
        else peer.send(frames)
        while (!isWhole(peer.receivedBytes)) {
          await new Promise(resolve => setImmediate(resolve))
          simulation.run()
        }
        const [answer] = readFrames(peer.receivedBytes)
        if (answer === undefined || !answer.rsv1)
          throw new Error(`${name}.${index + 1}: no compressed answer`)
        if (String(await client.inflate(answer.payload)) !== text)
          t.fail(`${name}.${index + 1}, message ${number}`)
      }
      t.equal(sockets.size, 1, `${name}.${index + 1}`)
      peer.reset()
    }
  })
}

function through(stream: DeflateRaw | InflateRaw, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const found: Buffer[] = []
    stream
      .removeAllListeners('data')
      .on('data', piece => found.push(piece))
      .once('error', reject)
    stream.write(bytes)
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off('error', reject)
      resolve(Buffer.concat(found))
    })
  })
}

function inFrames(payload: Buffer, size: number): Buffer {
  const parts = inPieces(payload, Math.max(1, size))
  return Buffer.concat(
    parts.map((part, index) =>
      frame({
        opcode: index === 0 ? 1 : 0,
        payload: part,
        rsv: index === 0 ? 4 : 0,
        fin: index === parts.length - 1,
      }),
    ),
  )
}

function isWhole(bytes: Buffer): boolean {
  try {
    return readFrames(bytes).length > 0
  } catch {
    return false
  }
}
