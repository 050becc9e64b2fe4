import type { Arguments } from './arguments.js'
import type { Client } from './client.js'
import type { Command } from './commands/command.js'
import type { Database } from './keyspace/database.js'

interface Watch {
  database: Database
  key: Arguments
  name: string
  /** The key was there. */
  present: boolean
}

/** Which clients watch which keys, and whether something has happened to those since. */
export class Watches {
  readonly #byClient = new Map<Client, Watch[]>()
  readonly #byKey = new Map<Database, Map<string, Set<Client>>>()
  readonly #broken = new Set<Client>()

  /** How many clients watch something. */
  get count(): number {
    return this.#byClient.size
  }

  add(client: Client, args: Arguments, index: number): void {
    const { database } = client
    const name = args.text(index)
    const keys = getOrMake(this.#byKey, database, () => new Map<string, Set<Client>>())
    getOrMake(keys, name, () => new Set<Client>()).add(client)
    const watch = { database, key: args.pick(index), name, present: database.has(args, index) }
    getOrMake(this.#byClient, client, () => [] as Watch[]).push(watch)
  }

  /** A command has changed something in a database: what are its keys, or everything where it names none. */
  touch(database: Database, command: Command, args: Arguments): void {
    const keys = this.#byKey.get(database)
    if (keys === undefined) return
    const everything = command.firstKey === 0 && !command.movable
    const places = everything ? [] : [...command.keys(args)].filter(at => args.isText(at))
    const names = everything ? [...keys.keys()] : places.map(at => args.text(at))
    for (const name of names) for (const client of keys.get(name) ?? []) this.#broken.add(client)
  }

  /** Whether a key that the client watches has been changed, or has expired. */
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
      if (keys?.size === 0) this.#byKey.delete(database)
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
