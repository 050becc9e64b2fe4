import type { Database } from './database.js'

/** A keyspace event. The key is a string of bytes. */
export interface Happening {
  database: Database
  event: string
  key: string
}

/** A key that clients are blocked on. */
export interface Arrival {
  database: Database
  key: string
}

/** What has happened to keys and is not yet handled: a command completes before its effects are reported. */
export class Signals {
  /** The requested classes of keyspace events: bits of `Event`. */
  wanted = 0
  /** Called at once when a watched key changes. */
  touched: ((database: Database, key: string) => void) | undefined
  /** Something has to be handled. */
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

  /** What has happened since the last call, in order. */
  take(): { happenings: Happening[]; arrivals: Arrival[] } {
    const taken = { happenings: this.#happenings, arrivals: this.#arrivals }
    this.#happenings = []
    this.#arrivals = []
    this.pending = false
    return taken
  }
}
