import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Action, type Chunk, type Out, type Server, serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

const LARGE = 200_000

/** Bytes whose class says other things of them than are true. */
function lying(size: number, claims: Partial<Record<'length' | 'byteLength' | 'byteOffset', number>>): Chunk {
  class Liar extends Uint8Array {
    override get length() {
      return claims.length ?? super.length
    }
    override get byteLength() {
      return claims.byteLength ?? super.byteLength
    }
    override get byteOffset() {
      return claims.byteOffset ?? super.byteOffset
    }
    override subarray(): Uint8Array<ArrayBuffer> {
      return new Uint8Array(1_000_000)
    }
    override slice(): Uint8Array<ArrayBuffer> {
      return new Uint8Array(1_000_000)
    }
    static get [Symbol.species]() {
      return Array as unknown as Uint8ArrayConstructor
    }
  }
  return new Liar(size).fill('x'.charCodeAt(0)) as unknown as Chunk
}

function detach(bytes: Uint8Array): void {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
}

/** A list whose second chunk, when it is asked for, does something to the first. */
function trapped(first: Uint8Array, act: () => void): Out {
  const list: Chunk[] = [first]
  Object.defineProperty(list, 1, {
    get() {
      act()
      return 'ab'
    },
  })
  return list
}

function resizable(size: number): { bytes: Uint8Array; shrink: () => void } {
  const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer
  const buffer = new Resizable(size, { maxByteLength: size }) as ArrayBuffer & { resize(size: number): void }
  return { bytes: new Uint8Array(buffer).fill(120), shrink: () => buffer.resize(16) }
}

/** What is returned, and how many bytes of it the peer gets; undefined where the connection closes with an error. */
const outputs: Record<string, { make: () => Out; gets: number | undefined }> = {
  'too long a length': { make: () => lying(10, { length: 1000 }), gets: 10 },
  'too short a length': { make: () => lying(1000, { length: 10 }), gets: 1000 },
  'too long a length of much': { make: () => lying(LARGE, { length: 2 * LARGE }), gets: LARGE },
  'other places': {
    make: () => lying(LARGE, { byteOffset: 1_000_000, byteLength: 10 * LARGE, length: 10 }),
    gets: LARGE,
  },
  'a negative length in a list': { make: () => ['ab', lying(10, { length: -5 })], gets: 12 },
  'a property of its own': {
    make: () => Object.defineProperty(Buffer.alloc(100, 'x'), 'length', { value: 100_000 }),
    gets: 100,
  },
  'an array of another realm': { make: () => runInNewContext('new Uint8Array(50).fill(120)'), gets: 50 },
  'what only inherits': { make: () => Object.create(Uint8Array.prototype), gets: undefined },
  'a proxy': { make: () => new Proxy(new Uint8Array(10), {}), gets: undefined },
  'memory that is gone': {
    make() {
      const bytes = new Uint8Array(LARGE)
      detach(bytes)
      return bytes
    },
    gets: 0,
  },
  'memory that goes while a list is read': {
    make() {
      const bytes = new Uint8Array(LARGE)
      return trapped(bytes, () => detach(bytes))
    },
    gets: 2,
  },
  'memory that shrinks while a list is read': {
    make() {
      const { bytes, shrink } = resizable(LARGE)
      return trapped(bytes, shrink)
    },
    gets: 18,
  },
  'memory that threads share': {
    make: () => new Uint8Array(new SharedArrayBuffer(LARGE)).fill(120),
    gets: LARGE,
  },
}

/** How many bytes come, until the end. All of them are x. */
async function receive(port: number, text: string): Promise<number> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.write(text)
  let count = 0
  socket.on('data', bytes => {
    count += bytes.every(byte => byte === 120 || byte === 97 || byte === 98) ? bytes.length : Number.NaN
  })
  await new Promise(resolve => socket.on('close', resolve))
  return count
}

await onBoth(t, 'what is sent goes by the memory that output has', async (t, transport) => {
  const closed: (string | undefined)[] = []
  const run = async (server: Server) => {
    for (const [name, { gets }] of Object.entries(outputs)) {
      const got = await receive(server.addresses[0]?.port ?? 0, name)
      if (gets !== undefined) t.equal(got, gets, name)
      t.equal(closed.pop(), gets === undefined ? 'ERR_REPLY' : undefined, name)
    }
  }
  await serve(
    {
      serving: server => void run(server).finally(() => server.shutdown()),
      data: (_id, input) => [outputs[String(input)]?.make(), Action.Close],
      closed: (_id, error) => void closed.push((error as NodeJS.ErrnoException | undefined)?.code),
    },
    `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
  )
})
