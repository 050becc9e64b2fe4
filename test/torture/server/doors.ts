import type { Opening, Options } from 'revio'
import { Action } from 'revio'
import { pieces } from '../pattern.js'
import { type Door, GREETING } from '../wire.js'
import { THROWN } from './mischief.js'
import type { Tools } from './modes.js'
import type { Session } from './session.js'

/** The doors of each loop, in the order of its addresses. */
export const DOORS: readonly Door[] = ['tcp', 'unix', 'strict', 'shut']

/** The addresses of a loop's doors: free ports, and a path. */
export function addressesOf(transport: 'native' | 'net', path: string): string[] {
  const suffix = transport === 'net' ? '-net' : ''
  return DOORS.map(door => (door === 'unix' ? `unix${suffix}://${path}` : `tcp4${suffix}://127.0.0.1:0`))
}

/** The limits of the door `strict`, short enough to be reached within a conversation. */
export const STRICT = {
  idleTimeout: 600,
  writeTimeout: 300,
  maxPending: 512 * 1024,
  highWaterMark: 64 * 1024,
}

/** What `opened` returns. */
export function open(session: Session, { server, throws }: Tools): Opening<Session> {
  if (session.door === 'shut') return turnAway(session, throws)
  const options: Options<Session> = { context: session, ...(session.door === 'strict' ? STRICT : {}) }
  const { random } = session
  session.borrowed = random.percent(50)
  options.reuseInputBuffer = session.borrowed
  if (session.door !== 'strict' && random.percent(30))
    options.highWaterMark = random.pick([1024, 16 * 1024, 256 * 1024])
  options.halfOpen = random.percent(30)
  if (random.percent(20)) options.keepAlive = 10_000
  if (random.percent(20)) {
    options.paused = true
    setTimeout(() => server.resume(session.id), random.below(5))
  }
  return [undefined, options]
}

/** All ways in which `opened` can end a connection. */
function turnAway({ id }: Session, throws: () => void): Opening<Session> {
  if (id % 3 === 0) {
    throws()
    throw new Error(THROWN)
  }
  return [pieces(0, 0, GREETING), {}, id % 3 === 1 ? Action.Close : Action.Detach]
}
