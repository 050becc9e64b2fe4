import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Action } from 'revio'
import type { Peer } from 'revio/testing'
import { type LayerMaker, masked } from './layer.js'
import type { Reaction, Script } from './plan.js'

/** Output that the program produced for a connection. */
export interface Item {
  readonly bytes: Buffer
  /** False if the contract does not say whether it is still sent. */
  readonly certain: boolean
}

/** A token of some output, and how many bytes must have been written when it is reported. */
export interface Token {
  readonly token: number
  readonly at: number
  readonly certain: boolean
}

/** A promised reply. */
export interface Promised {
  readonly reaction: Reaction
  readonly resolve: (reply: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** A dialled connection. */
export interface Dialled {
  readonly reachable: boolean
  /** An attached socket. */
  readonly attached: boolean
  /** The loop was already ending. */
  readonly late: boolean
}

/** The limits of a connection whose `opened` returns no options. */
const DEFAULTS = {
  paused: false,
  reuseInputBuffer: false,
  idleTimeout: 0,
  highWaterMark: 2 ** 20,
  maxPending: 2 ** 24,
  writeTimeout: 30_000,
  halfOpen: false,
  closeOnBreak: false,
}

/**
 * The history of one connection, as seen from outside: what its peer did, and how its handlers were called and what
 * they returned. It contains only facts; rules judge them.
 */
export class Story {
  readonly number: number
  readonly script: Script
  limits = DEFAULTS
  peer: Peer | undefined
  /** 0 until it is known. */
  id = 0
  /** The address that accepts it; -1 for a dialled one. */
  address = -1
  dialled: Dialled | undefined
  opened = false
  /** Its dial failed, as `opened` was told. */
  stillborn = false
  over:
    | { readonly how: 'closed' | 'detached'; readonly error: Error | undefined; readonly at: number }
    | undefined
  /** A reply was still promised then. */
  promisedAtEnd = false
  /** The new owner after a detach, and what that has read. */
  socket: Socket | undefined
  readonly socketRead: Buffer[] = []

  // Its layer. //////////////////////////////////////////////////////////////////////////////////////////////////////

  layer: LayerMaker | undefined
  /** What the bytes on the wire are combined with. */
  mask = 0
  /** Its layer has failed or stalls: its content in either direction may be lost. */
  fragile = false
  /** Its dial failed. */
  unmade = false

  // What the peer did. //////////////////////////////////////////////////////////////////////////////////////////////

  /** Answers the loop's end with its own. */
  answersEnd = true
  /** Bytes passed to its `send`. */
  sent = 0
  ended = false
  /** Closed or reset by the peer. */
  left: 'close' | 'reset' | undefined
  /** It reads everything, as far as is known. */
  reading = true
  /** It arrived after the listener had closed. */
  late = false
  /** When it last sent bytes. */
  sentAt = 0
  /** Bytes that it has read, and when that last grew. */
  read = 0
  readAt = 0

  // What the program was told. //////////////////////////////////////////////////////////////////////////////////////

  /** Bytes that `data` received. */
  delivered = 0
  calls = { data: 0, prewrite: 0, postwrite: 0, sent: 0 }
  /** Inputs that the program keeps, and their positions in the stream. */
  readonly kept: { readonly input: Buffer; readonly at: number }[] = []
  /** Written bytes, according to `postwrite`. */
  taken = 0
  /** What the last write attempt left. */
  remaining = 0
  /** The amount of `prewrite`, until its `postwrite`. */
  attempt: number | undefined

  // What the program answered. //////////////////////////////////////////////////////////////////////////////////////

  readonly items: Item[] = []
  /** Bytes sent before `opened` returned its limits. */
  early = 0
  /** Bytes of all items, and of uncertain ones. */
  given = 0
  uncertain = 0
  promises: Promised[] = []
  /** Tokens that have not been reported. */
  readonly tokens: Token[] = []
  /** The errors of tokens whose output was discarded. */
  tokenError: Error | undefined
  paused = false
  /** How often its handlers may still wake it before the next operation. */
  restless = 0
  /** What the current turn has delivered to it. */
  turn = { events: 0, bytes: 0 }
  /** Wakes delivered when only the end could follow. */
  vain = 0
  /** A wake was requested and has not fired. */
  woken = false
  /** `ended` was called. */
  endTold = false
  /** An End took effect: no more output is accepted. */
  outputEnded = false
  /** The Close, Detach or Reset that took effect, and how many bytes the peer had sent by then. */
  closing: Action | undefined
  arrivedBefore = 0
  readonly thrown: unknown[] = []
  /**
   * What `sent` threw when lost output was reported: closed may receive the reason of the loss instead, and then this
   * becomes a warning.
   */
  readonly excused: unknown[] = []
  /** A Close, Detach or End was requested; it may not have taken effect. */
  asked = false
  /** Calls returned that this id is not open. */
  denied = false
  /** The size of the largest rejected output. */
  refusedSize = 0
  /** The context that `opened` returned. */
  context: unknown

  // Times. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  /** The time of the last action or event. */
  activeAt = 0
  /** When a byte was last seen in either direction. */
  byteAt = 0
  /** When a write attempt was last seen to begin. */
  attemptedAt = 0
  /** When output was last seen to be written, or to begin waiting. */
  progressAt = 0

  constructor(number: number, script: Script) {
    this.number = number
    this.script = script
  }

  /** The same connection under another id: its socket was attached after its owner had read this much. */
  successor(script: Script, late: boolean): Story {
    const next = new Story(this.number, script)
    const { peer, sent, ended, left, reading, answersEnd, sentAt } = this
    Object.assign(next, { peer, sent, ended, left, reading, answersEnd, sentAt })
    next.delivered = this.delivered + this.socketRead.reduce((sum, { length }) => sum + length, 0)
    next.items.push(...this.items)
    next.dialled = { reachable: true, attached: true, late }
    // More output is an error once it is ended; and an exception in `detached` destroys the socket.
    next.fragile = this.outputEnded || this.script.detached.fault === true
    return next
  }

  /** The options that `opened` returned. */
  limit(options: Script['options']): void {
    this.limits = { ...DEFAULTS, ...options }
    this.paused ||= this.limits.paused
    this.early = this.pendingMost
  }

  /** What its peer has received, as plain bytes. */
  get received(): Buffer {
    return masked(this.peer?.receivedBytes ?? Buffer.alloc(0), this.mask)
  }

  /** Checks what its peer has read. */
  watch(now: number): void {
    const read = this.peer?.receivedBytes.length ?? 0
    if (read !== this.read) this.readAt = now
    this.read = read
  }

  give(bytes: Buffer, certain: boolean, now: number): void {
    if (this.pendingMost === 0) this.progressAt = now
    this.items.push({ bytes, certain })
    this.given += bytes.length
    if (!certain) this.uncertain += bytes.length
  }

  /** The output so far has this token. */
  tag(token: number, certain: boolean): void {
    this.tokens.push({ token, at: this.given - this.uncertain, certain })
  }

  /** Bounds of the unsent output, if writes are reported. */
  get pendingMost(): number {
    return this.given - this.taken
  }

  get pendingLeast(): number {
    return Math.max(0, this.given - this.uncertain - this.taken)
  }

  /** It has opened and not ended. */
  get open(): boolean {
    return this.opened && this.over === undefined
  }

  /** Nothing has happened yet that would end it. */
  get untouched(): boolean {
    return (
      !this.stillborn && !this.asked && !this.ended && this.left === undefined && this.thrown.length === 0
    )
  }

  /**
   * It is open, or has sent its end: the action of a call still takes effect when output is no longer accepted. In any
   * other state no one can see whether it does, so none is requested.
   */
  get followsCalls(): boolean {
    const ended = this.outputEnded && this.closing === undefined && !this.peerEnded && !this.stillborn
    return this.untouched || (ended && this.left === undefined && this.thrown.length === 0)
  }

  /** Its peer has ended its side, by itself or in response to the loop's end. */
  get peerEnded(): boolean {
    return this.ended || this.left === 'close' || (this.answersEnd && this.peer?.ended === true)
  }

  /** Only its end can follow, because of its peer: nothing holds that back. */
  get doomed(): boolean {
    if (this.busy || this.over !== undefined) return false
    if (this.left === 'reset') return true
    const whole = this.delivered === this.sent && this.given === this.taken
    if (!this.peerEnded || this.paused || !this.reading || !whole) return false
    return !this.limits.halfOpen || (this.endTold && this.outputEnded)
  }

  /** A promised reply is outstanding. */
  get busy(): boolean {
    return this.promises.length > 0
  }

  /** Bytes that the peer has sent. */
  get arrived(): number {
    return this.sent - (this.peer?.unsent ?? 0)
  }
}
