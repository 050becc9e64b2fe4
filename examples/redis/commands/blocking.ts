import type { Arguments } from '../arguments.js'
import type { Attempt } from '../blocking.js'
import type { Client } from '../client.js'
import type { Database, Kind } from '../keyspace/database.js'
import { parseBound } from '../numbers.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'

const NOT_A_TIMEOUT = new Refusal('ERR timeout is not a float or out of range')
const NEGATIVE = new Refusal('ERR timeout is negative')
const TOO_LONG = new Refusal('ERR timeout is out of range')

/** Parses a timeout in seconds; 0 means no timeout. */
export function readDeadline(args: Arguments, index: number, now: number): number | undefined {
  const seconds = parseBound(args.text(index))
  if (seconds === undefined) throw NOT_A_TIMEOUT
  const ms = Math.ceil(seconds * 1000)
  // Redis's error for a value outside its integers.
  if (ms < 0 || ms >= 2 ** 63) throw NEGATIVE
  if (ms >= 2 ** 63 - now) throw TOO_LONG
  return ms === 0 ? undefined : now + ms
}

/** The arguments of a blocking command. */
export interface Request {
  /** The indexes of the keys among the arguments. */
  keys: readonly number[]
  kind: Kind
  deadline: number | undefined
  attempt: Attempt
}

/** Tries each key in turn. If none has anything, the client waits, or gets `nothing` within a transaction. */
export function tryOrBlock(
  database: Database,
  args: Arguments,
  reply: Reply,
  client: Client,
  { keys, kind, deadline, attempt }: Request,
  nothing: 'null' | 'nullArray' = 'nullArray',
): void {
  if (keys.some(index => attempt(database, args, index, reply))) return
  if (client.isExecuting) reply[nothing]()
  else {
    client.instance.blocking.block(client, { args: args.clone(), keys, kind, attempt, deadline })
  }
}
