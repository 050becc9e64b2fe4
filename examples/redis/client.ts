import { Action, InputStream } from 'revio'
import type { Waiting } from './blocking.js'
import type { Command } from './commands/command.js'
import type { Instance } from './instance.js'
import type { Database } from './keyspace/database.js'
import { Parser } from './resp.js'
import type { Transaction } from './transaction.js'

/** The size of an incomplete command that Redis accepts. */
const MAX_UNPARSED = 1024 * 1024 * 1024

/** Which replies a client does not get: none, the next command's, the current command's, or all. */
export const Quiet = { No: 0, Next: 1, This: 2, Off: 3 } as const
export type Quiet = (typeof Quiet)[keyof typeof Quiet]

/** The two addresses of a client's connection. */
export interface Ends {
  remote: string
  local: string
}

/** One connection: its incomplete input, its settings and its subscriptions. */
export class Client {
  readonly id: number
  readonly instance: Instance
  readonly ends: Ends
  readonly since: number
  readonly input = new InputStream({ maxBuffered: MAX_UNPARSED })
  readonly parser = new Parser()

  databaseIndex = 0
  database: Database
  protocol: 2 | 3 = 2
  name = ''
  library = ''
  libraryVersion = ''
  lastCommand: Command | undefined
  lastSeen: number

  /** From MULTI to EXEC. */
  transaction: Transaction | undefined
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  /** The number of channels and patterns. */
  subscriptions = 0

  /** EXEC is running its transaction. */
  isExecuting = false
  /** What it is blocked on: no further command runs before it has a reply. */
  waiting: Waiting | undefined
  /** The replies to suppress, set by CLIENT REPLY. */
  quiet: Quiet = Quiet.No

  /** The action after its replies. */
  action: Action = Action.None
  /** Too many unsent replies: no command runs and nothing is read until they are sent. */
  stalled = false
  #paused = false

  constructor(id: number, instance: Instance, ends: Ends) {
    this.id = id
    this.instance = instance
    this.ends = ends
    this.since = instance.time
    this.lastSeen = instance.time
    this.database = instance.database(0)
  }

  select(index: number): void {
    this.databaseIndex = index
    this.database = this.instance.database(index)
  }

  /** Too many replies are unsent. */
  stall(): void {
    this.stalled = true
    this.pause()
  }

  /** Stops reading until all received input is processed. */
  pause(): void {
    this.#paused = this.instance.loop?.pause(this.id) ?? false
  }

  /** The replies are sent: runs the commands received. */
  recover(): void {
    this.stalled = false
    this.instance.loop?.wake(this.id)
  }

  /** All received input is processed. Reading resumes only now, so that the connection's end can't overtake it. */
  goOn(): void {
    if (!this.#paused) return
    this.#paused = false
    this.instance.loop?.resume(this.id)
  }
}
