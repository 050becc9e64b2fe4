import { Action, InputStream } from 'revio'
import type { Waiting } from './blocking.js'
import type { Command } from './commands/command.js'
import type { Instance } from './instance.js'
import type { Database } from './keyspace/database.js'
import { Parser } from './resp.js'
import type { Transaction } from './transaction.js'

/** As much as Redis lets a client send of a command that is not complete. */
const MAX_UNPARSED = 1024 * 1024 * 1024

/** Whose replies a client does not get: none's, the next command's, that of the command at hand, all. */
export const Quiet = { No: 0, Next: 1, This: 2, Off: 3 } as const
export type Quiet = (typeof Quiet)[keyof typeof Quiet]

/** Where a client and the server end of its connection are. */
export interface Ends {
  remote: string
  local: string
}

/** One connection: what it sent that is not a whole command yet, what it chose, what it wants to be told. */
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
  /** How many of both there are. */
  subscriptions = 0

  /** Its transaction is being run. */
  isExecuting = false
  /** What it is blocked on: no command is run for it before it has been answered. */
  waiting: Waiting | undefined
  /** Which replies are left out, by CLIENT REPLY. */
  quiet: Quiet = Quiet.No

  /** What is to be done once its replies are on their way. */
  action: Action = Action.None
  /** Its replies piled up: no command is run for it before they have left, and nothing is read. */
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

  /** Its replies have piled up. */
  stall(): void {
    this.stalled = true
    this.pause()
  }

  /** Nothing more is read before all that has arrived is done. */
  pause(): void {
    this.#paused = this.instance.loop?.pause(this.id) ?? false
  }

  /** Its replies have left: commands that have arrived are run. */
  recover(): void {
    this.stalled = false
    this.instance.loop?.wake(this.id)
  }

  /** All that has arrived is done. Only now is there to be more: an end of the connection must not overtake it. */
  goOn(): void {
    if (!this.#paused) return
    this.#paused = false
    this.instance.loop?.resume(this.id)
  }
}
