import { Buffer } from 'node:buffer'
import { Duplex, Transform, type TransformCallback } from 'node:stream'
import type { Coded, Layer } from 'revio'
import type { LayerPlan } from './plan.js'

/** What a layer does if its plan has a fault. */
type Fault = NonNullable<LayerPlan['fault']>

/** The wire bytes of a layer with that mask for plain bytes, or the reverse. */
export function masked(bytes: Uint8Array, mask: number): Buffer {
  const made = Buffer.from(bytes)
  if (mask !== 0) for (let at = 0; at < made.length; at += 1) made[at] = (made[at] ?? 0) ^ mask
  return made
}

/** Makes the layers of plans, and makes them fail as the plan says. */
export class LayerMaker {
  readonly #plan: LayerPlan
  readonly #failing: (error: Error, place: Fault['at']) => void
  readonly #calls = new Map<Fault['at'], number>()
  /** The number of calls of any part. */
  calls = 0

  /** `failing` receives each error with which a layer is about to fail. */
  constructor(plan: LayerPlan, failing: (error: Error, place: Fault['at']) => void) {
    this.#plan = plan
    this.#failing = failing
  }

  /** Whether the connection gets a layer. */
  should(): boolean {
    this.#orThrow('should')
    return true
  }

  wrap(wire: Duplex): Layer {
    this.#orThrow('wrap')
    if (this.#due('layer') !== undefined) return [] as unknown as Layer
    const { kind } = this.#plan
    if (kind === 'duplex') return this.#duplex(wire)
    const streams = (half: 'decode' | 'encode') =>
      kind === 'streams' || (kind === 'decoder' && half === 'decode')
    return {
      decode: streams('decode') ? this.#stream('decode') : bytes => this.#code('decode', bytes),
      encode: streams('encode') ? this.#stream('encode') : bytes => this.#code('encode', bytes),
      ...(!streams('decode') && { decodeEnd: () => this.#end('decodeEnd') }),
      ...(!streams('encode') && { encodeEnd: () => this.#end('encodeEnd') }),
    }
  }

  // Functions. //////////////////////////////////////////////////////////////////////////////////////////////////////

  #code(place: 'decode' | 'encode', bytes: Buffer): Coded {
    if (this.#fails(place)) return undefined
    const made = masked(bytes, this.#plan.mask)
    // In several pieces, one of them empty.
    const half = made.length >> 1
    return made.length % 3 === 0 ? made : [made.subarray(0, half), Buffer.alloc(0), made.subarray(half)]
  }

  #end(place: 'decodeEnd' | 'encodeEnd'): Coded {
    this.#fails(place)
    return undefined
  }

  /** True if it stalls and produces no output. */
  #fails(place: Fault['at']): boolean {
    const fault = this.#due(place)
    if (fault === undefined) return false
    if (fault.how === 'stalls') return true
    throw this.#error(place)
  }

  // Streams. ////////////////////////////////////////////////////////////////////////////////////////////////////////

  #stream(place: 'decode' | 'encode'): Duplex {
    const maker = this
    return new Transform({
      transform(bytes: Buffer, _encoding, done) {
        maker.#later(place, this, done, () => done(null, masked(bytes, maker.#plan.mask)))
      },
      flush(done) {
        maker.#later(`${place}End`, this, done, () => done())
      },
    })
  }

  #duplex(wire: Duplex): Duplex {
    const maker = this
    let [decoding, ended] = [false, false]
    const duplex: Duplex = new Duplex({
      read() {
        if (!decoding) wire.resume()
      },
      write(bytes: Buffer, _encoding, done) {
        maker.#later('encode', duplex, done, () => wire.write(masked(bytes, maker.#plan.mask), done))
      },
      final(done) {
        maker.#later('encodeEnd', duplex, done, () => wire.end(done))
      },
    })
    const end = () => maker.#heard('decodeEnd', duplex, () => duplex.push(null))
    wire.on('data', (bytes: Buffer) => {
      wire.pause()
      decoding = true
      maker.#heard('decode', duplex, () => {
        decoding = false
        if (duplex.push(masked(bytes, maker.#plan.mask))) wire.resume()
        if (ended) end()
      })
    })
    wire.on('end', () => {
      ended = true
      if (!decoding) end()
    })
    wire.on('error', error => duplex.destroy(error))
    return duplex
  }

  /** The same for events, in which no one catches an exception. */
  #heard(place: Fault['at'], stream: Duplex, goOn: () => void): void {
    const failed = (error?: Error | null) => {
      if (error) stream.destroy(error)
    }
    try {
      this.#later(place, stream, failed, goOn)
    } catch (error) {
      failed(error as Error)
    }
  }

  /** Continues at once or later; or fails, or stalls. */
  #later(place: Fault['at'], stream: Duplex, done: TransformCallback, goOn: () => void): void {
    const fault = this.#due(place)
    if (fault === undefined) {
      const calls = this.#calls.get(place) ?? 0
      if (calls % 3 === 0) goOn()
      else if (calls % 3 === 1) process.nextTick(goOn)
      else setImmediate(goOn)
    } else if (fault.how === 'throws') throw this.#error(place)
    else if (fault.how === 'fails') done(this.#error(place))
    else if (fault.how === 'destroys') stream.destroy()
  }

  // Faults. /////////////////////////////////////////////////////////////////////////////////////////////////////////

  #orThrow(place: Fault['at']): void {
    if (this.#due(place) !== undefined) throw this.#error(place)
  }

  #error(place: Fault['at']): Error {
    const error = new Error(`planned failure of ${place}`)
    this.#failing(error, place)
    return error
  }

  /** The plan's fault, from its call on. */
  #due(place: Fault['at']): Fault | undefined {
    this.calls += 1
    const calls = (this.#calls.get(place) ?? 0) + 1
    this.#calls.set(place, calls)
    const { fault } = this.#plan
    if (fault?.at !== place || calls < fault.call) return undefined
    this.#failing(new Error(`planned stall of ${place}`), place)
    return fault
  }
}
