import type { Outbox } from '../outbox.js'
import { PEER_NUMBERS, PEER_SIZE, type Poller, Source, systemError, WRITE_SIZE } from './addon.js'
import { numbersOf } from './memory.js'
import type { NativeUdpLink } from './udp-link.js'

/** Collects the datagrams of all links in one block: a flush is one call of the addon for all of them. */
export class NativeUdpWriter {
  readonly #poller: Poller
  /** The block, in which a peer record precedes each datagram. */
  readonly #bytes: Uint8Array
  /** The same memory as integers, for the peer records. */
  readonly #numbers: Int32Array
  readonly #records: Int32Array
  readonly #capacity: number
  /** The link of each record. */
  readonly #links: NativeUdpLink[] = []
  #top = 0
  #count = 0

  /** `bytes` is the addon's staging memory. It must not be shared, and must have room for the largest datagram. */
  constructor(poller: Poller, bytes: Uint8Array, records: Int32Array) {
    this.#poller = poller
    this.#bytes = bytes
    this.#numbers = numbersOf(bytes)
    this.#records = records
    this.#capacity = records.length / WRITE_SIZE
  }

  /**
   * Collects each run of the outbox as a datagram.
   *
   * Takes nothing while the socket is full. Limit: an empty datagram is lost if it finds the socket full with no other
   * datagram of its remote waiting, because an outbox can't tell whether an empty datagram was taken.
   */
  add(link: NativeUdpLink, outbox: Outbox): void {
    link.taken = 0
    link.failure = undefined
    for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
      const { bytes, start, end } = segment
      const refusal = link.refusal(end - start)
      if (refusal !== undefined || !this.#hasRoom(end - start)) this.flush()
      if (link.failure !== undefined) return
      if (link.socket.full) return link.socket.remotes.await(link)
      if (refusal !== undefined) {
        link.failure = refusal
        return
      }
      this.#record(link, bytes, start, end)
    }
  }

  /** Sends, and sets how much each link took. */
  flush(): void {
    const count = this.#count
    if (count === 0) return
    this.#poller.flush(count, undefined)
    for (let index = 0; index < count; index++) {
      this.#settle(this.#links[index] as NativeUdpLink, this.#records[index * WRITE_SIZE + 3] as number)
    }
    this.#count = 0
    this.#top = 0
  }

  #hasRoom(size: number): boolean {
    return this.#count < this.#capacity && this.#top + PEER_SIZE + size <= this.#bytes.length
  }

  #settle(link: NativeUdpLink, result: number): void {
    if (result > 0) link.taken += result - PEER_SIZE
    else if (result < 0) link.failure = systemError(result, ` ${link.addresses().remote}`)
    else if (link.failure === undefined) {
      link.socket.full = true
      link.socket.remotes.await(link)
    }
  }

  #record(link: NativeUdpLink, bytes: Uint8Array, start: number, end: number): void {
    const { peer } = link
    const from = this.#top
    for (let index = 0; index < PEER_NUMBERS; index++) {
      this.#numbers[from / 4 + index] = peer[index] as number
    }
    const whole = start === 0 && end === bytes.length
    this.#bytes.set(whole ? bytes : bytes.subarray(start, end), from + PEER_SIZE)
    const length = PEER_SIZE + end - start
    // Integers must be at multiples of four.
    this.#top = (from + length + 3) & ~3
    const at = this.#count * WRITE_SIZE
    this.#links[this.#count++] = link
    this.#records[at] = link.socket.slot
    this.#records[at + 1] = Source.StagingBuffer
    this.#records[at + 2] = from
    this.#records[at + 3] = length
  }
}
