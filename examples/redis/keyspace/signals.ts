import type { Database } from './database.js'

/** A keyspace event. The key is a string of its bytes. */
export interface Happening {
  database: Database
  event: string
  key: string
}

/** A key that somebody waits for. */
export interface Arrival {
  database: Database
  key: string
}

/** What has happened to keys and is still to be told: a command is done before anybody hears of what it did. */
export class Signals {
  /** Classes of keyspace events that are to be told: bits of `Event`. */
  wanted = 0
  /** Is called at once when a key is changed that is watched. */
  touched: ((database: Database, key: string) => void) | undefined
  /** There is something to tell. */
  pending = false
  #happenings: Happening[] = []
  #arrivals: Arrival[] = []

  happened(database: Database, event: string, key: string): void {
    this.#happenings.push({ database, event, key })
    this.pending = true
  }

  arrived(database: Database, key: string): void {
    this.#arrivals.push({ database, key })
    this.pending = true
  }

  /** What has happened since it was taken last, in order. */
  take(): { happenings: Happening[]; arrivals: Arrival[] } {
    const taken = { happenings: this.#happenings, arrivals: this.#arrivals }
    this.#happenings = []
    this.#arrivals = []
    this.pending = false
    return taken
  }
}
