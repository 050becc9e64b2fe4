import type { Reply } from 'revio'
import type { Session } from './session.js'

/** Part of every error that is thrown on purpose. */
export const THROWN = 'thrown on purpose'

/** Throws in one of the ways in which handlers fail. `throws` counts. */
export function throwSomehow(session: Session, input: Buffer, throws: () => void): Reply | Promise<Reply> {
  throws()
  const { random, watched } = session
  if (random.percent(10)) session.bomb = 'closed'
  const way = random.below(watched ? 6 : 4)
  if (way === 0) throw new Error(THROWN)
  if (way === 1) throw THROWN
  if (way === 2) return Promise.reject(new Error(THROWN))
  if (way === 3) return 'no list' as unknown as Reply
  session.bomb = way === 4 ? 'prewrite' : 'postwrite'
  return [session.give(input)]
}

/** Throws if that was set for this handler. Its output is discarded, hence a separate code. */
export function explode(session: Session, handler: Session['bomb']): void {
  if (session.bomb !== handler) return
  session.bomb = undefined
  throw Object.assign(new Error(THROWN), handler === 'closed' ? {} : { code: 'AT_ONCE' })
}
