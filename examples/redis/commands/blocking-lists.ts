import type { Attempt } from '../blocking.js'
import { Kind } from '../keyspace/database.js'
import type { Side } from '../keyspace/list.js'
import { readDeadline, tryOrBlock } from './blocking.js'
import type { Row, Run } from './command.js'
import { moveElement, popSome, readListPop, readSide } from './list-moves.js'
import { changed, listAt, POP, popTo } from './lists.js'

function pop(side: Side): Run {
  return (database, args, reply, client) => {
    const deadline = readDeadline(args, args.count - 1, database.now())
    const keys = Array.from({ length: args.count - 2 }, (_, at) => at + 1)
    tryOrBlock(database, args, reply, client, { keys, kind: Kind.List, deadline, attempt: popOne(side) })
  }
}

function popOne(side: Side): Attempt {
  return (database, args, index, reply) => {
    const list = listAt(database, args, index)
    if (list === undefined) return false
    reply.array(2)
    reply.bulk(args.bytes, args.start(index), args.end(index))
    popTo(reply, list, side, 1)
    changed(database, args, index, list, POP[side])
    return true
  }
}

const blmove: Run = (database, args, reply, client) => {
  const from = readSide(args, 3)
  const to = readSide(args, 4)
  const deadline = readDeadline(args, 5, database.now())
  const attempt = move(from, to)
  tryOrBlock(database, args, reply, client, { keys: [1], kind: Kind.List, deadline, attempt }, 'null')
}

const brpoplpush: Run = (database, args, reply, client) => {
  const deadline = readDeadline(args, 3, database.now())
  const attempt = move('right', 'left')
  tryOrBlock(database, args, reply, client, { keys: [1], kind: Kind.List, deadline, attempt }, 'null')
}

function move(from: Side, to: Side): Attempt {
  return (database, args, _index, reply) => moveElement(database, args, reply, from, to)
}

const blmpop: Run = (database, args, reply, client) => {
  const { keys, side, count } = readListPop(args, 2)
  const deadline = readDeadline(args, 1, database.now())
  const attempt: Attempt = (database, args, index, reply) =>
    popSome(database, args, index, reply, side, count)
  tryOrBlock(database, args, reply, client, { keys, kind: Kind.List, deadline, attempt })
}

export const BLOCKING_LISTS: readonly Row[] = [
  ['blmove', 6, 'write denyoom noscript blocking', 1, 2, 1, blmove],
  ['blmpop', -5, 'write blocking movablekeys', 0, 0, 0, blmpop],
  ['blpop', -3, 'write noscript blocking', 1, -2, 1, pop('left')],
  ['brpop', -3, 'write noscript blocking', 1, -2, 1, pop('right')],
  ['brpoplpush', 4, 'write denyoom noscript blocking', 1, 2, 1, brpoplpush],
]
