import { Action } from 'revio'
import type { Arguments } from './arguments.js'
import { type Client, Quiet } from './client.js'
import type { Instance } from './instance.js'
import type { Database, Kind } from './keyspace/database.js'
import { Refusal } from './refusal.js'
import { Reply } from './reply.js'

/** The longest delay of a Node.js timer. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Runs a command on the key at an index and writes the reply; returns false if there is nothing yet. */
export type Attempt = (database: Database, args: Arguments, index: number, reply: Reply) => boolean

/** What a client waits for: one of several keys, with a value of one kind. */
export interface Wish {
  args: Arguments
  /** The indexes of the keys among the arguments. */
  keys: readonly number[]
  kind: Kind
  attempt: Attempt
  /** The end of the wait, in milliseconds since 1970; `undefined`: never. */
  deadline: number | undefined
}

/** A client that is blocked until it is served, times out or disconnects. */
export interface Waiting extends Wish {
  client: Client
  database: Database
  timer: NodeJS.Timeout | undefined
}

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'

/** The clients that are blocked on keys. Those that wait for the same key are served in order of arrival. */
export class Blocking {
  readonly #instance: Instance
  readonly #queues = new Map<Database, Map<string, Set<Waiting>>>()
  readonly #reply = new Reply()
  #count = 0

  constructor(instance: Instance) {
    this.#instance = instance
  }

  /** The number of blocked clients. */
  get count(): number {
    return this.#count
  }

  /** Blocks a client: runs no further command of it until it has a reply. */
  block(client: Client, wish: Wish): void {
    const waiting: Waiting = { ...wish, client, database: client.database, timer: undefined }
    for (const key of namesOf(waiting)) this.#queue(waiting.database, key).add(waiting)
    client.waiting = waiting
    this.#count++
    this.#startTimer(waiting)
  }

  /** A key was created: serves the clients that wait for it until nothing is left. */
  serve(database: Database, key: string): void {
    for (const waiting of [...(this.#queues.get(database)?.get(key) ?? [])]) {
      const index = waiting.keys[namesOf(waiting).indexOf(key)] as number
      const entry = database.find(waiting.args, index)
      if (entry === 0) return
      if (database.kind(entry) === waiting.kind) this.#attempt(waiting, index)
    }
  }

  /** Unblocks a client as if it had timed out, or with an error; returns false if it is not blocked. */
  unblock(client: Client, withError: boolean): boolean {
    const { waiting } = client
    if (waiting === undefined) return false
    this.#answer(waiting, reply => (withError ? reply.error(UNBLOCKED) : reply.nullArray()))
    return true
  }

  /** The client has disconnected. */
  forget(client: Client): void {
    if (client.waiting !== undefined) this.#end(client.waiting)
  }

  /** Two databases were swapped: clients stay blocked on the same database number. */
  swap(left: Database, right: Database): void {
    const queues = this.#queues.get(left)
    this.#moveTo(left, this.#queues.get(right))
    this.#moveTo(right, queues)
    for (const database of [left, right]) {
      for (const key of [...database.awaited.keys()]) this.serve(database, key)
    }
  }

  #moveTo(database: Database, queues: Map<string, Set<Waiting>> | undefined): void {
    const moved = queues ?? new Map<string, Set<Waiting>>()
    this.#queues.set(database, moved)
    database.awaited = moved
    for (const queue of moved.values()) for (const waiting of queue) waiting.database = database
  }

  #queue(database: Database, key: string): Set<Waiting> {
    const queues = this.#queues.get(database) ?? new Map<string, Set<Waiting>>()
    this.#queues.set(database, queues)
    database.awaited = queues
    const queue = queues.get(key) ?? new Set()
    queues.set(key, queue)
    return queue
  }

  #attempt(waiting: Waiting, index: number): void {
    const { database, args, attempt } = waiting
    this.#answer(waiting, reply => {
      try {
        attempt(database, args, index, reply)
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown
        reply.error(thrown.message)
      }
    })
  }

  #answer(waiting: Waiting, write: (reply: Reply) => void): void {
    const { client } = waiting
    this.#end(waiting)
    const reply = this.#reply
    reply.protocol = client.protocol
    write(reply)
    this.#instance.loop?.send(client.id, client.quiet === Quiet.Off ? null : reply.take(), Action.None)
    reply.truncate(0)
    // Runs what the client has sent in the meantime.
    this.#instance.loop?.wake(client.id)
  }

  #end(waiting: Waiting): void {
    clearTimeout(waiting.timer)
    const queues = this.#queues.get(waiting.database)
    for (const key of namesOf(waiting)) {
      const queue = queues?.get(key)
      queue?.delete(waiting)
      if (queue?.size === 0) queues?.delete(key)
    }
    waiting.client.waiting = undefined
    this.#count--
  }

  #startTimer(waiting: Waiting): void {
    if (waiting.deadline === undefined) return
    const left = waiting.deadline - this.#instance.now()
    const run = () => this.#timeOut(waiting)
    waiting.timer = setTimeout(run, Math.min(Math.max(left, 1), LONGEST_TIMER))
    waiting.timer.unref()
  }

  #timeOut(waiting: Waiting): void {
    if (waiting.deadline !== undefined && waiting.deadline > this.#instance.now()) {
      this.#startTimer(waiting)
    } else this.unblock(waiting.client, false)
  }
}

/** The keys as strings of bytes, in the order of `keys`. */
function namesOf({ args, keys }: Wish): string[] {
  return keys.map(index => args.text(index))
}
