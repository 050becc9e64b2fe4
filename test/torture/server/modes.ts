import { Buffer } from 'node:buffer'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { Action, type Reply, type Server } from 'revio'
import { pieces } from '../pattern.js'
import type { Mode } from '../wire.js'
import { throwSomehow } from './mischief.js'
import type { Session } from './session.js'

/** What modes need besides their session. */
export interface Tools {
  readonly server: Server
  readonly throws: () => void
}

type Answer = (session: Session, input: Buffer, tools: Tools) => Reply | Promise<Reply>

/** Reused for every reply: what revio did not take when the handler returned is overwritten by the next one. */
const scratch = Buffer.alloc(1024 * 1024)

/** How input is answered. All except `big`, `close` and `end` echo every byte. */
export const modes: Record<Mode, Answer> = {
  plain: (session, input) => [session.give(input), Action.None, session.token()],
  copy: (session, input) => [session.give(copied(input)), Action.None, session.token()],
  list: (session, input) => [session.give(split(session, input)), Action.None, session.token()],
  promise: async (session, input) => {
    const bytes = session.keep(input)
    await aWhile(session)
    return [session.give(bytes)]
  },
  send: (session, input, tools) => {
    if (session.queue.push(session.keep(input)) === 1) void sendAll(session, tools)
  },
  wake: (session, input, { server }) => {
    session.queue.push(session.keep(input))
    for (let times = session.random.between(1, 3); times > 0; times--) server.wake(session.id)
  },
  pause: (session, input, { server }) => {
    const { id, random } = session
    if (random.percent(25) && server.pause(id)) setTimeout(() => server.resume(id), random.below(10))
    return [session.give(input)]
  },
  throw: (session, input, { throws }) =>
    session.got < amountOf(session) ? [session.give(input)] : throwSomehow(session, input, throws),
  close: (session, input, tools) => {
    if (session.got < amountOf(session)) return [session.give(input)]
    expectDeaf(session, tools)
    return [session.give(input), Action.Close, session.token()]
  },
  end: (session, input) => {
    if (session.hasEnded) return
    session.hasEnded = session.got >= amountOf(session)
    return [session.give(input), session.hasEnded ? Action.End : Action.None, session.token()]
  },
  detach: (session, input) => [
    session.give(input),
    session.got < amountOf(session) ? Action.None : Action.Detach,
    session.token(),
  ],
  big: (session, _input, tools) => {
    expectDeaf(session, tools)
    const amount = amountOf(session)
    const first = Math.min(amount, 4096)
    // Output of any size is accepted while nothing else is unsent: only what follows it can be too much.
    if (first > 0) tools.server.send(session.id, session.give(pieces(session.key, 0, first)))
    return [session.give(pieces(session.key, first, amount - first)), Action.Close, session.token()]
  },
}

/** After a wake: everything queued. */
export function woken(session: Session): Reply {
  return [session.give(session.queue.splice(0))]
}

/** After a reported end of the peer: sends the rest, then closes. */
export function ended(session: Session, { server }: Tools): Reply | Promise<Reply> {
  if (session.queue.length > 0) return
  const way = session.random.below(4)
  if (way === 0) return [null, Action.Close]
  if (way === 1) return [null, Action.End]
  if (way === 2) return aWhile(session).then(() => [null, Action.Close])
  aWhile(session).then(() => server.send(session.id, null, Action.Close))
}

function amountOf(session: Session): number {
  return session.header?.amount ?? 0
}

function copied(input: Buffer): Buffer {
  if (input.length > scratch.length) return Buffer.from(input)
  return scratch.subarray(0, input.copy(scratch))
}

function split(session: Session, input: Buffer): Buffer[] {
  const list: Buffer[] = []
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + session.random.between(0, input.length))
    list.push(input.subarray(at, end))
    at = end
  }
  return list
}

/** Sends queued bytes piece by piece, outside handlers, from memory that is overwritten at once. */
async function sendAll(session: Session, { server }: Tools): Promise<void> {
  for (let bytes = session.queue[0]; bytes !== undefined; bytes = session.queue[0]) {
    await aWhile(session)
    const loan = copied(bytes)
    session.give(bytes)
    if (!server.send(session.id, loan, { token: session.issue() })) return session.retract(bytes)
    loan.fill(0)
    session.queue.shift()
  }
  if (session.peerEnded) server.send(session.id, null, Action.Close)
}

/** A moment or some milliseconds. */
async function aWhile({ random }: Session): Promise<void> {
  const way = random.below(3)
  if (way === 1) await immediate()
  if (way === 2) await sleep(random.between(1, 5))
}

/** After a Close, nothing can be done to it any more. */
function expectDeaf(session: Session, { server }: Tools): void {
  const { id } = session
  setImmediate(() => {
    if (server.send(id, 'too late')) session.violated('send answered true after Close')
    if (server.wake(id)) session.violated('wake answered true after Close')
    if (server.pause(id) || server.resume(id)) session.violated('pause or resume answered true after Close')
  })
}
