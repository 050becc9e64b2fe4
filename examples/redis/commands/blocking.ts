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

/** When a client is to wait no longer, by an argument in seconds of which 0 means for ever. */
export function readDeadline(args: Arguments, index: number, now: number): number | undefined {
  const seconds = parseBound(args.text(index))
  if (seconds === undefined) throw NOT_A_TIMEOUT
  const ms = Math.ceil(seconds * 1000)
  // So Redis says of what its integers have no room for.
  if (ms < 0 || ms >= 2 ** 63) throw NEGATIVE
  if (ms >= 2 ** 63 - now) throw TOO_LONG
  return ms === 0 ? undefined : now + ms
}

/** What a blocking command asks for. */
export interface Request {
  /** Where among the arguments the keys are. */
  keys: readonly number[]
  kind: Kind
  deadline: number | undefined
  attempt: Attempt
}

/** Tries each key in turn; where there is nothing in any, the client waits, or in a transaction gets `nothing`. */
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
