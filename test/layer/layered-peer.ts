import { Buffer } from 'node:buffer'
import { Received } from '../transport/received.js'
import type { Peer } from '../transport/world.js'
import type { StreamPair } from './coders.js'

/** A peer that communicates through a pair of coders. */
export class LayeredPeer implements Peer {
  readonly #peer: Peer
  readonly #pair: StreamPair
  /** Bytes from the wire that have been passed to the decoder. */
  #given = 0
  readonly #received = new Received()
  #ended = false

  constructor(peer: Peer, pair: StreamPair) {
    this.#peer = peer
    this.#pair = pair
    const { decode, encode } = pair
    decode.on('data', bytes => this.#received.append(bytes))
    decode.on('end', () => {
      this.#ended = true
    })
    encode.on('data', bytes => {
      if (!peer.closed) peer.send(bytes)
    })
    encode.on('end', () => {
      if (!peer.closed) peer.end()
    })
    // The peer itself reports what broke a connection.
    for (const stream of [decode, encode]) stream.on('error', () => {})
  }

  get received(): string {
    return this.receivedBytes.toString()
  }

  get receivedBytes(): Buffer {
    this.#decode()
    return this.#received.bytes
  }

  get unsent(): number {
    return this.#pair.encode.writableLength + this.#peer.unsent
  }

  get ended(): boolean {
    this.#decode()
    return this.#ended
  }

  /** Bytes received over the wire so far. */
  get arrived(): number {
    this.#decode()
    return this.#given
  }

  /** That many of the received bytes are decoded, and so is a received end. */
  decoded(bytes: number): boolean {
    this.#decode()
    const { decode } = this.#pair
    if (decode.destroyed || decode.readableEnded) return true
    return this.#given - decode.writableLength >= bytes && !decode.writableEnded
  }

  get error(): Error | undefined {
    return this.#peer.error
  }

  get closed(): boolean {
    return this.#peer.closed
  }

  send(chunk: Uint8Array | string): this {
    this.#pair.encode.write(Buffer.from(chunk))
    return this
  }

  end(): this {
    this.#pair.encode.end()
    return this
  }

  close(): this {
    return this.#behindOutput(() => this.#peer.close())
  }

  reset(): this {
    return this.#behindOutput(() => this.#peer.reset())
  }

  pause(): this {
    this.#peer.pause()
    return this
  }

  resume(bytes?: number): this {
    this.#peer.resume(bytes)
    return this
  }

  take(): string {
    const { received } = this
    this.#received.forget()
    return received
  }

  /** Runs `leave` once everything sent has been encoded. */
  #behindOutput(leave: () => void): this {
    const { encode } = this.#pair
    const ending = encode.writableEnded && !encode.readableEnded
    if (encode.writableLength === 0 && encode.readableLength === 0 && !ending) leave()
    else setImmediate(() => this.#behindOutput(leave))
    return this
  }

  #decode(): void {
    const { receivedBytes } = this.#peer
    if (receivedBytes.length > this.#given) this.#pair.decode.write(receivedBytes.subarray(this.#given))
    this.#given = receivedBytes.length
    if (this.#peer.ended && !this.#pair.decode.writableEnded) this.#pair.decode.end()
  }
}
