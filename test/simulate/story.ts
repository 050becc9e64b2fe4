import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Action } from 'revio'
import type { Peer } from 'revio/testing'
import { type LayerMaker, masked } from './layer.js'
import type { Reaction, Script } from './plan.js'

/** Output that the program has given for a connection. */
export interface Item {
  readonly bytes: Buffer
  /** False where the contract leaves open whether it still goes out. */
  readonly certain: boolean
}

/** A token that came with output, and how many bytes are to have gone when it is told. */
export interface Token {
  readonly token: number
  readonly at: number
  readonly certain: boolean
}

/** A reply that was promised. */
export interface Promised {
  readonly reaction: Reaction
  readonly resolve: (reply: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** A connection that this side has made. */
export interface Dialled {
  readonly reachable: boolean
  /** A socket that was attached. */
  readonly attached: boolean
  /** The loop was to end already. */
  readonly late: boolean
}

/** Limits as the contract gives them to a connection whose `opened` asks for nothing. */
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
 * What has happened to one connection, as seen from outside: what its peer did, what its handlers were called with,
 * and what they answered. It holds facts alone; rules judge them.
 */
export class Story {
  readonly number: number
  readonly script: Script
  limits = DEFAULTS
  peer: Peer | undefined
  /** 0 until it is known. */
  id = 0
  /** Which address accepts it; -1 when the loop dialled. */
  address = -1
  dialled: Dialled | undefined
  opened = false
  /** It was opened as one that could not be made. */
  stillborn = false
  over:
    | { readonly how: 'closed' | 'detached'; readonly error: Error | undefined; readonly at: number }
    | undefined
  /** A reply was still promised then. */
  promisedAtEnd = false
  /** To whom it was detached, and what that one has read. */
  socket: Socket | undefined
  readonly socketRead: Buffer[] = []

  // Its layer. //////////////////////////////////////////////////////////////////////////////////////////////////////

  layer: LayerMaker | undefined
  /** What bytes on the wire are combined with. */
  mask = 0
  /** Its layer has failed, or stalls: what it has of either direction may be lost. */
  fragile = false
  /** It could not be made. */
  unmade = false

  // What the peer did. //////////////////////////////////////////////////////////////////////////////////////////////

  /** It answers the loop's end with its own. */
  answersEnd = true
  /** Bytes given to its `send`. */
  sent = 0
  ended = false
  /** Closed or reset, from the peer's side. */
  left: 'close' | 'reset' | undefined
  /** It reads all there is, as far as anybody said. */
  reading = true
  /** It came when nobody listened any more. */
  late = false
  /** When it last gave bytes to send. */
  sentAt = 0
  /** Bytes that it has read, and when that was last seen to be more. */
  read = 0
  readAt = 0

  // What the program was told. //////////////////////////////////////////////////////////////////////////////////////

  /** Bytes that `data` got. */
  delivered = 0
  calls = { data: 0, prewrite: 0, postwrite: 0, sent: 0 }
  /** Inputs that are the program's own, and where they were in the stream. */
  readonly kept: { readonly input: Buffer; readonly at: number }[] = []
  /** Bytes that writes took, by `postwrite`. */
  taken = 0
  /** What the last attempt to write left. */
  remaining = 0
  /** What `prewrite` offered, until its `postwrite` comes. */
  attempt: number | undefined

  // What the program answered. //////////////////////////////////////////////////////////////////////////////////////

  readonly items: Item[] = []
  /** Bytes that were sent before `opened` had given its limits. */
  early = 0
  /** Bytes of all items, and of those that are not certain. */
  given = 0
  uncertain = 0
  promises: Promised[] = []
  /** Those that have not been told. */
  readonly tokens: Token[] = []
  /** What tokens were told of output that never goes. */
  tokenError: Error | undefined
  paused = false
  /** How often its handlers may still wake it before the next operation. */
  restless = 0
  /** What the present turn has delivered to it. */
  turn = { events: 0, bytes: 0 }
  /** Wakes that were delivered when only the end could follow. */
  vain = 0
  /** A wake was asked for and has not fired. */
  woken = false
  /** `ended` was called. */
  endTold = false
  /** An End took effect: no output is taken any more. */
  outputEnded = false
  /** The Close, Detach or Reset that took effect, and how many bytes had left the peer by then. */
  closing: Action | undefined
  arrivedBefore = 0
  readonly thrown: unknown[] = []
  /** What \`sent\` threw when told of output that was lost: closed may be told what lost it, and then this is warned of. */
  readonly excused: unknown[] = []
  /** A Close, Detach or End was asked for; it may not have taken effect. */
  asked = false
  /** Calls said that this id is not open. */
  denied = false
  /** Bytes of the largest output that was not taken. */
  refusedSize = 0
  /** What `opened` gave to be handed to every later event. */
  context: unknown

  // Times. //////////////////////////////////////////////////////////////////////////////////////////////////////////

  /** When something was last done to it or told of it. */
  activeAt = 0
  /** When a byte was last seen to go either way. */
  byteAt = 0
  /** When an attempt to write was last seen to begin. */
  attemptedAt = 0
  /** When output was last seen to go, or to begin to wait. */
  progressAt = 0

  constructor(number: number, script: Script) {
    this.number = number
    this.script = script
  }

  /** The same connection under another id: its socket, of which its owner has read so much, was attached. */
  successor(script: Script, late: boolean): Story {
    const next = new Story(this.number, script)
    const { peer, sent, ended, left, reading, answersEnd, sentAt } = this
    Object.assign(next, { peer, sent, ended, left, reading, answersEnd, sentAt })
    next.delivered = this.delivered + this.socketRead.reduce((sum, { length }) => sum + length, 0)
    next.items.push(...this.items)
    next.dialled = { reachable: true, attached: true, late }
    // More output is an error where it has been ended; and what `detached` throws destroys the socket.
    next.fragile = this.outputEnded || this.script.detached.fault === true
    return next
  }

  /** `opened` has asked for these. */
  limit(options: Script['options']): void {
    this.limits = { ...DEFAULTS, ...options }
    this.paused ||= this.limits.paused
    this.early = this.pendingMost
  }

  /** What its peer has received, as it was given. */
  get received(): Buffer {
    return masked(this.peer?.receivedBytes ?? Buffer.alloc(0), this.mask)
  }

  /** Looks at what its peer has read. */
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

  /** The output given so far has this token. */
  tag(token: number, certain: boolean): void {
    this.tokens.push({ token, at: this.given - this.uncertain, certain })
  }

  /** Bounds of the unsent output, where writes are told. */
  get pendingMost(): number {
    return this.given - this.taken
  }

  get pendingLeast(): number {
    return Math.max(0, this.given - this.uncertain - this.taken)
  }

  /** It was opened and is not over. */
  get open(): boolean {
    return this.opened && this.over === undefined
  }

  /** Nothing has happened yet for which it would end. */
  get untouched(): boolean {
    return (
      !this.stillborn && !this.asked && !this.ended && this.left === undefined && this.thrown.length === 0
    )
  }

  /**
   * It is open, or has sent its end: where output goes no more the action of a call is still done. Anywhere else nobody
   * can see whether it is, and none is asked for.
   */
  get followsCalls(): boolean {
    const ended = this.outputEnded && this.closing === undefined && !this.peerEnded && !this.stillborn
    return this.untouched || (ended && this.left === undefined && this.thrown.length === 0)
  }

  /** Its peer has sent all it will, as it said or in answer to the loop's end. */
  get peerEnded(): boolean {
    return this.ended || this.left === 'close' || (this.answersEnd && this.peer?.ended === true)
  }

  /** Only its end can follow, for what it was told by its peer: nothing holds that back. */
  get doomed(): boolean {
    if (this.busy || this.over !== undefined) return false
    if (this.left === 'reset') return true
    const whole = this.delivered === this.sent && this.given === this.taken
    if (!this.peerEnded || this.paused || !this.reading || !whole) return false
    return !this.limits.halfOpen || (this.endTold && this.outputEnded)
  }

  /** A promised reply is still to come. */
  get busy(): boolean {
    return this.promises.length > 0
  }

  /** Bytes that have left the peer. */
  get arrived(): number {
    return this.sent - (this.peer?.unsent ?? 0)
  }
}
