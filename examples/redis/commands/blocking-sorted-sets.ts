import type { Attempt } from '../blocking.js'
import { Kind } from '../keyspace/database.js'
import { readDeadline, tryOrBlock } from './blocking.js'
import type { Row, Run } from './command.js'
import { type End, popOne, popSome, readSortedSetPop } from './sorted-set-pops.js'

function pop(end: End): Run {
  const attempt: Attempt = (database, args, index, reply) => popOne(database, args, index, reply, end)
  return (database, args, reply, client) => {
    const deadline = readDeadline(args, args.count - 1, database.now())
    const keys = Array.from({ length: args.count - 2 }, (_, at) => at + 1)
    tryOrBlock(database, args, reply, client, { keys, kind: Kind.SortedSet, deadline, attempt })
  }
}

const bzmpop: Run = (database, args, reply, client) => {
  const { keys, end, count } = readSortedSetPop(args, 2)
  const deadline = readDeadline(args, 1, database.now())
  const attempt: Attempt = (database, args, index, reply) => popSome(database, args, index, reply, end, count)
  tryOrBlock(database, args, reply, client, { keys, kind: Kind.SortedSet, deadline, attempt })
}

export const BLOCKING_SORTED_SETS: readonly Row[] = [
  ['bzmpop', -5, 'write blocking movablekeys', 0, 0, 0, bzmpop],
  ['bzpopmax', -3, 'write noscript fast blocking', 1, -2, 1, pop('highest')],
  ['bzpopmin', -3, 'write noscript fast blocking', 1, -2, 1, pop('lowest')],
]
