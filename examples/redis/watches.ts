import type { Arguments } from './arguments.js'
import type { Client } from './client.js'
import type { Database } from './keyspace/database.js'
import type { Signals } from './keyspace/signals.js'

interface Watch {
  database: Database
  key: Arguments
  name: string
  /** The key existed. */
  present: boolean
}

/** The clients that watch keys, and whether those keys have changed. */
export class Watches {
  readonly #byClient = new Map<Client, Watch[]>()
  readonly #byKey = new Map<Database, Map<string, Set<Client>>>()
  readonly #broken = new Set<Client>()

  constructor(signals: Signals) {
    signals.touched = (database, key) => this.#touch(database, key)
  }

  add(client: Client, args: Arguments, index: number): void {
    const { database } = client
    const name = args.text(index)
    // Removes a key that has already expired, which does not count as a change.
    const present = database.has(args, index)
    const keys = getOrMake(this.#byKey, database, () => new Map<string, Set<Client>>())
    getOrMake(keys, name, () => new Set<Client>()).add(client)
    database.watched = keys
    const watch = { database, key: args.pick(index), name, present }
    getOrMake(this.#byClient, client, () => [] as Watch[]).push(watch)
  }

  #touch(database: Database, key: string): void {
    for (const client of this.#byKey.get(database)?.get(key) ?? []) this.#broken.add(client)
  }

  /** A database was emptied: keys that did not exist are unchanged. */
  cleared(database: Database): void {
    for (const [client, watches] of this.#byClient) {
      if (watches.some(watch => watch.database === database && watch.present)) this.#broken.add(client)
    }
  }

  /** Two databases were swapped, with their watches: keys that exist in either have changed. */
  swapped(left: Database, right: Database): void {
    for (const [client, watches] of this.#byClient) {
      for (const watch of watches) {
        if (watch.database !== left && watch.database !== right) continue
        watch.database = watch.database === left ? right : left
        if (watch.present || watch.database.has(watch.key, 0)) this.#broken.add(client)
      }
    }
    const [ofLeft, ofRight] = [this.#byKey.get(left), this.#byKey.get(right)]
    this.#move(ofLeft, right)
    this.#move(ofRight, left)
  }

  #move(keys: Map<string, Set<Client>> | undefined, to: Database): void {
    const moved = keys ?? new Map<string, Set<Client>>()
    this.#byKey.set(to, moved)
    to.watched = moved
  }

  /** Whether a key that the client watches has changed or expired. */
  isBroken(client: Client): boolean {
    if (this.#broken.has(client)) return true
    const watches = this.#byClient.get(client) ?? []
    return watches.some(({ database, key, present }) => present && !database.has(key, 0))
  }

  forget(client: Client): void {
    for (const { database, name } of this.#byClient.get(client) ?? []) {
      const keys = this.#byKey.get(database)
      const clients = keys?.get(name)
      clients?.delete(client)
      if (clients?.size === 0) keys?.delete(name)
    }
    this.#byClient.delete(client)
    this.#broken.delete(client)
  }
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
