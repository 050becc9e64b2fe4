import { Action } from '../action.js'
import type { Server } from '../events.js'
import type { Closing } from './close-code.js'
import type { Compression } from './compression.js'
import type { MessageReader } from './message-reader.js'
import type { Readers } from './readers.js'
import type { UpgradeRequest } from './request.js'

/**
 * The phases of a connection.
 *
 * | phase   | messages of the peer | messages to it | left when                                            |
 * | ------- | -------------------- | -------------- | ---------------------------------------------------- |
 * | Opening | wait                 | refused        | the loop has taken it over: `opened`                 |
 * | Open    | delivered            | sent           | either side sends a close frame, or breaks the rules |
 * | Closing | dropped              | refused        | the peer answers the close frame, or does not in time |
 * | Closed  | not read             | refused        | TCP has closed, after pending output: `closed`    |
 * | Gone    | none come            | refused        | never                                                |
 */
export const Phase = { Opening: 0, Open: 1, Closing: 2, Closed: 3, Gone: 4 } as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** The state of one connection. */
export class Session<Context> {
  readonly id: number
  readonly context: Context
  /** The source of its readers, and its current reader while a message is incomplete. */
  readonly readers: Readers
  reader: MessageReader | undefined
  /** permessage-deflate, if it was negotiated. */
  compression: Compression | undefined
  phase: Phase = Phase.Opening
  /** The upgrade request, until `opened` has received it. */
  request: UpgradeRequest | undefined
  /** The loop's action after the current input has been read. */
  action: Action = Action.None
  /** Reading is paused by the program. */
  paused = false
  /** The arguments for `closed`. */
  closing: Closing | undefined
  error: Error | undefined
  /** A handler's promise is outstanding, so nothing is read. */
  busy = false
  /** A byte has arrived since the last check. */
  heard = true
  /** A ping of ours is unanswered. */
  awaitsPong = false
  /** How much output was unsent at the last check of the closing handshake. */
  unsent = 0
  /** Tokens that the loop has not taken. Those that it never takes are reported at the end. */
  tokens: unknown[] | undefined
  /** The topics that the connection is subscribed to. */
  topics: Set<string> | undefined
  /** Pings and pongs since `#since`. */
  #pings = 0
  #since = 0

  constructor(id: number, context: Context, request: UpgradeRequest, readers: Readers) {
    this.id = id
    this.context = context
    this.request = request
    this.readers = readers
  }

  /** Stops reading and sending. */
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

  /** Counts a ping or pong. Returns false if there are more than `most` within a second. */
  countPing(server: Server, most: number): boolean {
    const { now } = server
    if (now - this.#since >= 1000) {
      this.#since = now
      this.#pings = 0
    }
    return ++this.#pings <= most
  }
}
