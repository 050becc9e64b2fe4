import { likenessFor, UNTRIED } from './exceptions.js'
import { GRAMMARS } from './grammar.js'
import { canonical, same } from './likeness.js'
import type { Step } from './transcript.js'
import { lineOf, type Tree } from './tree.js'

/** What a server sent between two sentinels, and the commands before it. */
export interface Batch {
  steps: readonly Step[]
  replies: readonly Tree[]
}

export interface Difference {
  args: readonly string[]
  expected: string
  actual: string
}

const SUBSCRIBING = /^p?(un)?subscribe$/

/** The first reply of the other server that differs too much; `undefined` if none does. */
export function firstDifference(
  expected: readonly Batch[],
  actual: readonly Batch[],
): Difference | undefined {
  const queues = new Map<number, (readonly string[])[]>()
  for (const [index, batch] of expected.entries()) {
    const connection = batch.steps[0]?.connection ?? 0
    const queue = queues.get(connection) ?? []
    queues.set(connection, queue)
    const difference = differenceIn(batch, actual[index]?.replies ?? [], queue)
    if (difference !== undefined) return difference
  }
  return undefined
}

function differenceIn(
  { steps, replies: unsorted }: Batch,
  unsortedOthers: readonly Tree[],
  queue: (readonly string[])[],
): Difference | undefined {
  const replies = withSortedMessages(unsorted)
  const others = withSortedMessages(unsortedOthers)
  const asked = align(steps, replies)
  for (const [index, reply] of replies.entries()) {
    const args = asked[index] ?? []
    const other = others[index]
    if (other === undefined || !alike(args, reply, other, queue)) {
      return { args, expected: lineOf(reply), actual: other === undefined ? 'nothing' : lineOf(other) }
    }
    follow(queue, args, reply)
  }
  const more = others[replies.length]
  return more === undefined ? undefined : { args: [], expected: 'nothing', actual: lineOf(more) }
}

/** The command of each reply; none for a published message. */
function align(steps: readonly Step[], replies: readonly Tree[]): (readonly string[])[] {
  const asked: (readonly string[])[] = []
  let next = 0
  while (asked.length < replies.length) {
    if (isMessage(replies[asked.length])) asked.push([])
    else {
      const args = steps[next++]?.args ?? []
      const count = confirmations(args, replies, asked.length)
      for (let left = count; left > 0; left--) asked.push(args)
    }
  }
  return asked
}

/** The number of replies of a command: one, except for subscriptions, which have one for each channel. */
function confirmations(args: readonly string[], replies: readonly Tree[], from: number): number {
  const [name = ''] = args
  const isConfirmation = (reply: Tree | undefined) => headOf(reply) === name.toLowerCase()
  if (!SUBSCRIBING.test(name.toLowerCase()) || !isConfirmation(replies[from])) return 1
  if (args.length > 1) return args.length - 1
  // Unsubscribing from nothing gets one reply; unsubscribing from everything, one for each.
  const isOfNothing = (reply: Tree | undefined) => reply?.items?.[1]?.type === '_'
  if (isOfNothing(replies[from])) return 1
  let count = 1
  while (isConfirmation(replies[from + count]) && !isOfNothing(replies[from + count])) count++
  return count
}

function headOf(reply: Tree | undefined): string | undefined {
  return reply?.type === '>' || reply?.type === '*' ? reply.items?.[0]?.text : undefined
}

function isMessage(reply: Tree | undefined): boolean {
  return /^p?message$/.test(headOf(reply) ?? '')
}

/** The order in which pattern subscribers get a message is undefined. */
function withSortedMessages(replies: readonly Tree[]): Tree[] {
  const sorted: Tree[] = []
  let run: Tree[] = []
  for (const reply of replies) {
    if (headOf(reply) === 'pmessage') run.push(reply)
    else {
      sorted.push(...run.sort(byText), reply)
      run = []
    }
  }
  return [...sorted, ...run.sort(byText)]
}

function byText(left: Tree, right: Tree): number {
  return canonical(left) < canonical(right) ? -1 : 1
}

function alike(
  args: readonly string[],
  expected: Tree,
  actual: Tree,
  queue: readonly (readonly string[])[],
): boolean {
  if (same(expected, actual, args)) return true
  if (expected.type === '-' || actual.type === '-') return false
  const name = nameOf(args)
  if (name === 'exec' && expected.items !== undefined && actual.items !== undefined) {
    const { items } = actual
    return (
      items.length === expected.items.length &&
      expected.items.every((reply, index) => alike(queue[index] ?? [], reply, items[index] as Tree, []))
    )
  }
  // The order in which a client leaves all channels is undefined.
  if (SUBSCRIBING.test(name) && args.length === 1) return headOf(expected) === headOf(actual)
  return likenessFor(name)?.(expected, actual, args) ?? false
}

/** The commands queued after this reply. */
function follow(queue: (readonly string[])[], args: readonly string[], { type, text }: Tree): void {
  if (type === '+' && text === 'QUEUED') queue.push(args)
  else if (/^(multi|exec|discard|reset)$/.test(nameOf(args)) && type !== '-') queue.length = 0
}

/** A command's name with its subcommand, if any, as in grammars and exceptions. */
export function nameOf(args: readonly string[]): string {
  const [name = '', second = ''] = args.slice(0, 2).map(arg => arg.toLowerCase())
  const full = `${name}|${second}`
  return full in GRAMMARS || full in UNTRIED ? full : name
}
