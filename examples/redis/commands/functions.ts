import type { Arguments } from '../arguments.js'
import type { Client } from '../client.js'
import type { Database } from '../keyspace/database.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { container, type Subcommand } from './container.js'

const BAD_FLUSH = new Refusal('ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
const BAD_SCRIPT_FLUSH = new Refusal('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
const NO_LIBRARY_NAME = new Refusal('ERR library name argument was not given')
const NOT_BUSY = new Refusal('NOTBUSY No scripts in execution right now.')

/**
 * There is no Lua here, and therefore no functions and scripts: none to list, delete or run.
 *
 * @param crowded - The error for too many arguments.
 */
function flush(refusal: Refusal, crowded: (args: Arguments) => Refusal) {
  return (_database: Database, args: Arguments, reply: Reply) => {
    if (args.count > 3) throw crowded(args)
    if (args.count === 3 && !['async', 'sync'].includes(args.word(2))) throw refusal
    reply.ok()
  }
}

function crowded(args: Arguments): Refusal {
  return new Refusal(
    `ERR unknown subcommand or wrong number of arguments for '${args.text(1)}'. Try FUNCTION HELP.`,
  )
}

function list(_database: Database, args: Arguments, reply: Reply): void {
  const given = new Set<string>()
  for (let index = 2; index < args.count; index++) {
    const word = args.word(index)
    if ((word !== 'withcode' && word !== 'libraryname') || given.has(word)) {
      throw new Refusal(`ERR Unknown argument ${args.shown(index)}`)
    }
    if (word === 'libraryname' && ++index === args.count) throw NO_LIBRARY_NAME
    given.add(word)
  }
  reply.array(0)
}

function exists(_database: Database, args: Arguments, reply: Reply): void {
  reply.array(args.count - 2)
  for (let index = 2; index < args.count; index++) reply.flag(false)
}

function kill(_database: Database, _args: Arguments, _reply: Reply, _client: Client): void {
  throw NOT_BUSY
}

const MANY = Number.POSITIVE_INFINITY

const FUNCTION: readonly Subcommand[] = [
  ['flush', 2, MANY, flush(BAD_FLUSH, crowded), 'write'],
  ['kill', 2, 2, kill, 'allow_busy'],
  ['list', 2, MANY, list],
]

const SCRIPT: readonly Subcommand[] = [
  ['exists', 3, MANY, exists],
  ['flush', 2, MANY, flush(BAD_SCRIPT_FLUSH, () => BAD_SCRIPT_FLUSH)],
  ['kill', 2, 2, kill, 'allow_busy'],
]

export const FUNCTIONS: readonly Row[] = [
  ['function', -2, 'noscript', 0, 0, 0, container('function', FUNCTION)],
  ['script', -2, 'noscript', 0, 0, 0, container('script', SCRIPT)],
]
