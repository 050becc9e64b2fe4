import { Action } from '../action.js'
import type { Server } from '../events.js'
import type { Closing } from './close-code.js'
import type { Compression } from './compression.js'
import type { MessageReader } from './message-reader.js'
import type { Readers } from './readers.js'
import type { UpgradeRequest } from './request.js'

/**
 * How far a connection has come.
 *
 * | phase   | messages of the peer | messages to it | left when                                            |
 * | ------- | -------------------- | -------------- | ---------------------------------------------------- |
 * | Opening | wait                 | refused        | the loop has taken it over: `opened`                 |
 * | Open    | delivered            | sent           | either side sends a close frame, or breaks the rules |
 * | Closing | dropped              | refused        | the peer answers the close frame, or does not in time |
 * | Closed  | not read             | refused        | TCP has closed, behind what was pending: `closed`    |
 * | Gone    | none come            | refused        | never                                                |
 */
export const Phase = { Opening: 0, Open: 1, Closing: 2, Closed: 3, Gone: 4 } as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** What the protocol keeps of one connection. */
export class Session<Context> {
  readonly id: number
  readonly context: Context
  /** Where its readers come from, and the one that it keeps: while a message has begun and not ended. */
  readonly readers: Readers
  reader: MessageReader | undefined
  /** permessage-deflate, where it was agreed on. */
  compression: Compression | undefined
  phase: Phase = Phase.Opening
  /** What asked for the upgrade, until `opened` was given it. */
  request: UpgradeRequest | undefined
  /** What the loop is to do once the present input has been read. */
  action: Action = Action.None
  /** Nothing is read: the program wants it so. */
  paused = false
  /** What `closed` will be told. */
  closing: Closing | undefined
  error: Error | undefined
  /** A handler's promise is outstanding, so that nothing is read. */
  busy = false
  /** A byte has come since that was last looked at. */
  heard = true
  /** A ping of ours has not been answered. */
  awaitsPong = false
  /** Output that was unsent when the closing handshake was last looked at. */
  unsent = 0
  /** Tokens that the loop has not taken: those that it never takes are told of at the end. */
  tokens: unknown[] | undefined
  /** Topics that it is subscribed to. */
  topics: Set<string> | undefined
  /** Pings and pongs that came since `#since`. */
  #pings = 0
  #since = 0

  constructor(id: number, context: Context, request: UpgradeRequest, readers: Readers) {
    this.id = id
    this.context = context
    this.request = request
    this.readers = readers
  }

  /** Nothing is read or taken any more. */
  closes(): void {
    if (this.phase < Phase.Closed) this.phase = Phase.Closed
  }

  hold(token: unknown): void {
    this.tokens ??= []
    this.tokens.push(token)
  }

  letGo(token: unknown): void {
    const tokens = this.tokens ?? []
    tokens.splice(tokens.indexOf(token), 1)
    if (tokens.length === 0) this.tokens = undefined
  }

  /** Counts a ping or pong; false when there are more than `most` within a second. */
  countPing(server: Server, most: number): boolean {
    const { now } = server
    if (now - this.#since >= 1000) {
      this.#since = now
      this.#pings = 0
    }
    return ++this.#pings <= most
  }
}
