import { Action } from 'revio'
import type { Arguments } from './arguments.js'
import { type Client, Quiet } from './client.js'
import type { Instance } from './instance.js'
import type { Database, Kind } from './keyspace/database.js'
import { Refusal } from './refusal.js'
import { Reply } from './reply.js'

/** The longest that a timer of Node.js can take. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Does what a command waits to do with the key at an index, and answers; false where there is nothing yet. */
export type Attempt = (database: Database, args: Arguments, index: number, reply: Reply) => boolean

/** What a client waits for: one of several keys, which is to be of a kind. */
export interface Wish {
  args: Arguments
  /** Where among the arguments the keys are. */
  keys: readonly number[]
  kind: Kind
  attempt: Attempt
  /** When it stops to wait, in milliseconds since 1970; `undefined`: never. */
  deadline: number | undefined
}

/** A client that is blocked, until it is served, its time is over, or it is gone. */
export interface Waiting extends Wish {
  client: Client
  database: Database
  timer: NodeJS.Timeout | undefined
}

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'

/** Which clients are blocked on which keys. Those that wait for the same key are served in the order they came in. */
export class Blocking {
  readonly #instance: Instance
  readonly #queues = new Map<Database, Map<string, Set<Waiting>>>()
  readonly #reply = new Reply()
  #count = 0

  constructor(instance: Instance) {
    this.#instance = instance
  }

  /** How many clients are blocked. */
  get count(): number {
    return this.#count
  }

  /** Blocks a client: none of its commands is run before it has been answered. */
  block(client: Client, wish: Wish): void {
    const waiting: Waiting = { ...wish, client, database: client.database, timer: undefined }
    for (const key of namesOf(waiting)) this.#queue(waiting.database, key).add(waiting)
    client.waiting = waiting
    this.#count++
    this.#startTimer(waiting)
  }

  /** A key has been made: those that wait for it are served until nothing is left. */
  serve(database: Database, key: string): void {
    for (const waiting of [...(this.#queues.get(database)?.get(key) ?? [])]) {
      const index = waiting.keys[namesOf(waiting).indexOf(key)] as number
      const entry = database.find(waiting.args, index)
      if (entry === 0) return
      if (database.kind(entry) === waiting.kind) this.#attempt(waiting, index)
    }
  }

  /** Answers a client as if its time were over, or with an error; false where it is not blocked. */
  unblock(client: Client, withError: boolean): boolean {
    const { waiting } = client
    if (waiting === undefined) return false
    this.#answer(waiting, reply => (withError ? reply.error(UNBLOCKED) : reply.nullArray()))
    return true
  }

  /** The client is gone. */
  forget(client: Client): void {
    if (client.waiting !== undefined) this.#end(client.waiting)
  }

  /** Two databases have changed places; who waits in the one place goes on to wait there. */
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
    // What it has sent meanwhile is run now.
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

/** The keys as strings of their bytes, in the order of `keys`. */
function namesOf({ args, keys }: Wish): string[] {
  return keys.map(index => args.text(index))
}
