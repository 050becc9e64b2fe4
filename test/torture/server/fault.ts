import { openSync } from 'node:fs'
import type { Fault } from '../messages.js'
import { pieces } from '../pattern.js'
import type { Session } from './session.js'

/** How often a server with a fault commits it, in percent of the inputs. */
const OFTEN = 2
const STALL = 600

/** What a server with this fault returns in place of echoing `input`. */
export function spoil(fault: Fault, session: Session, input: Buffer): Buffer | readonly Buffer[] {
  if (input.length < 2 || !session.random.percent(OFTEN)) return input
  switch (fault) {
    case 'lose':
      return input.subarray(1)
    case 'repeat':
      return [input.subarray(0, 1), input]
    case 'mix':
      return pieces(session.key + 1, session.got, input.length)
    case 'leak':
      leak()
      return input
    case 'stall': {
      const end = performance.now() + STALL
      while (performance.now() < end);
      return input
    }
  }
}

function leak(): void {
  try {
    openSync('/dev/null', 'r')
  } catch {
    // None is left to leak.
  }
}
