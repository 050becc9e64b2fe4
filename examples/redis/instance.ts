import type { Server } from 'revio'
import { Blocking } from './blocking.js'
import type { Client } from './client.js'
import { Database } from './keyspace/database.js'
import { Signals } from './keyspace/signals.js'
import { Publisher } from './publisher.js'
import { Settings } from './settings.js'
import { settle } from './settle.js'
import { Statistics } from './statistics.js'
import { Watches } from './watches.js'

/** The version of Redis that the clone imitates. */
export const VERSION = '7.0.15'

const DATABASES = 16
/**
 * The minimum number of keys that a tick checks in each database, and how often it repeats while many of them have
 * expired.
 */
const SWEEP = 1000
const SWEEPS = 20

/** The state that all connections of a server share. */
export class Instance {
  readonly now: () => number
  readonly startedAt: number
  readonly settings = new Settings()
  readonly clients = new Map<number, Client>()
  readonly publisher: Publisher
  readonly signals = new Signals()
  readonly blocking: Blocking
  readonly watches = new Watches(this.signals)
  readonly statistics = new Statistics()
  /** `now` as of the last tick. */
  time: number
  /** Whether ticks remove expired keys; if not, each is removed on access. */
  removesExpired = true
  /** The loop that serves it. */
  loop: Server | undefined
  readonly #databases = new Map<number, Database>()

  /** @param now - Milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.now = now
    this.startedAt = now()
    this.time = this.startedAt
    this.publisher = new Publisher(this)
    this.blocking = new Blocking(this)
  }

  hasDatabase(index: number): boolean {
    return index >= 0 && index < DATABASES
  }

  /** Returns a database, and creates it on first use. */
  database(index: number): Database {
    let database = this.#databases.get(index)
    if (database === undefined) {
      database = new Database(this.now, this.settings.limits, this.signals)
      this.#databases.set(index, database)
    }
    return database
  }

  /** The existing databases, by number. */
  get databases(): ReadonlyMap<number, Database> {
    return this.#databases
  }

  /** Removes all keys of a database. */
  clear(database: Database): void {
    this.watches.cleared(database)
    database.clear()
  }

  /** The number of a database. */
  indexOf(database: Database): number {
    for (const [index, each] of this.#databases) if (each === database) return index
    return -1
  }

  swapDatabases(left: number, right: number): void {
    if (left === right) return
    const first = this.database(left)
    const second = this.database(right)
    this.#databases.set(left, second)
    this.#databases.set(right, first)
    this.watches.swapped(first, second)
    for (const client of this.clients.values()) client.select(client.databaseIndex)
    this.blocking.swap(this.database(left), this.database(right))
  }

  opened(client: Client): void {
    this.clients.set(client.id, client)
    this.statistics.connections++
  }

  closed(client: Client): void {
    this.clients.delete(client.id)
    this.publisher.forget(client)
    this.watches.forget(client)
    this.blocking.forget(client)
  }

  /** Removes a bounded number of expired keys. */
  tick(): void {
    this.time = this.now()
    if (this.removesExpired) this.#removeExpired()
    settle(this)
  }

  #removeExpired(): void {
    for (const database of this.#databases.values()) {
      for (let sweeps = 0; sweeps < SWEEPS; sweeps++) {
        const expired = database.sweep(SWEEP)
        this.statistics.expired += expired
        if (expired < SWEEP / 10) break
      }
    }
  }
}
