/**
 * A connection's phase of life.
 *
 * | life      | input goes to               | left when                                                    |
 * | --------- | --------------------------- | ------------------------------------------------------------ |
 * | Open      | `data`                      | Close, Detach, Reset, the peer's end, an error               |
 * | Closing   | nobody                      | its output has been written: `closed`                        |
 * | Detaching | the socket's next owner     | its output has been written: `detached`                      |
 * | Lingering | nobody; `closed` has run    | the peer has ended, or a second has passed                   |
 * | Gone      | nobody                      | never                                                        |
 */
export const Life = { Open: 0, Closing: 1, Detaching: 2, Lingering: 3, Gone: 4 } as const
export type Life = (typeof Life)[keyof typeof Life]

/** What may still come from the peer: bytes; an end that no handler has seen; nothing. */
export const Inbound = { Open: 0, Ended: 1, Delivered: 2 } as const
export type Inbound = (typeof Inbound)[keyof typeof Inbound]

/**
 * What may still go to the peer: bytes; only pending ones, then the end; nothing, as the end was sent; nothing, as
 * the connection is broken; nothing, as the pending bytes were discarded.
 */
export const Outbound = { Open: 0, Ending: 1, Ended: 2, Broken: 3, Discarded: 4 } as const
export type Outbound = (typeof Outbound)[keyof typeof Outbound]

/**
 * A connection's state and all its transitions. A transition that does not apply changes nothing and returns false.
 */
export class ConnectionState {
  #life: Life = Life.Open
  #inbound: Inbound = Inbound.Open
  #outbound: Outbound = Outbound.Open

  get life(): Life {
    return this.#life
  }

  get inbound(): Inbound {
    return this.#inbound
  }

  get outbound(): Outbound {
    return this.#outbound
  }

  /** Nothing has ended or is ending: the usual state. */
  get untouched(): boolean {
    return this.#life + this.#inbound + this.#outbound === 0
  }

  /** `closed` and `detached` have not run. */
  get alive(): boolean {
    return this.#life < Life.Lingering
  }

  /**
   * Output can be appended. A handler that closed its own connection by `send` may still return some, which goes out
   * before the close.
   */
  get takesOutput(): boolean {
    return this.#life < Life.Lingering && this.#outbound === Outbound.Open
  }

  /** Close after pending output. */
  closes(): boolean {
    if (this.#life !== Life.Open) return false
    this.#life = Life.Closing
    return true
  }

  /** Hand over after pending output. */
  detaches(): boolean {
    if (this.#life !== Life.Open) return false
    this.#life = Life.Detaching
    return true
  }

  /** Close instead of handing over. */
  keepsSocket(): boolean {
    if (this.#life !== Life.Detaching) return false
    this.#life = Life.Closing
    return true
  }

  /** Accept no more output; the end follows pending output. */
  endsOutput(): boolean {
    if (this.#life !== Life.Open || this.#outbound !== Outbound.Open) return false
    this.#outbound = Outbound.Ending
    return true
  }

  /** The end was sent. */
  outputEnded(): boolean {
    if (this.#life !== Life.Open || this.#outbound !== Outbound.Ending) return false
    this.#outbound = Outbound.Ended
    return true
  }

  /** Nothing reaches the peer any more. */
  breaks(): boolean {
    if (!this.alive || this.#outbound >= Outbound.Broken) return false
    this.#outbound = Outbound.Broken
    return true
  }

  /** Close at once, without pending output. */
  discards(): boolean {
    if (!this.alive || this.#outbound === Outbound.Discarded) return false
    this.#life = Life.Closing
    this.#outbound = Outbound.Discarded
    return true
  }

  /** The peer sends nothing more. */
  peerEnds(): boolean {
    if (this.#inbound !== Inbound.Open) return false
    this.#inbound = Inbound.Ended
    return true
  }

  /** The peer's end has been reported. */
  endDelivered(): boolean {
    if (this.#life !== Life.Open || this.#inbound !== Inbound.Ended) return false
    this.#inbound = Inbound.Delivered
    return true
  }

  /** It has closed, with the end sent, and waits for the peer's end. */
  lingers(): boolean {
    if (this.#life !== Life.Closing || this.#outbound >= Outbound.Broken) return false
    this.#life = Life.Lingering
    this.#outbound = Outbound.Ended
    return true
  }

  /** Its link has been released. */
  leaves(): boolean {
    if (this.#life === Life.Gone) return false
    this.#life = Life.Gone
    return true
  }
}
