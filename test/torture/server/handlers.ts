import { closeSync, openSync } from 'node:fs'
import type { Events, Reply, Server } from 'revio'
import type { Fault, ServerCounts } from '../messages.js'
import { DOORS, open } from './doors.js'
import { spoil } from './fault.js'
import type { Ledger } from './ledger.js'
import { explode } from './mischief.js'
import { ended, modes, woken } from './modes.js'
import { own } from './owner.js'
import { Session, type Token } from './session.js'

/** Milliseconds between looks at whether a descriptor is left. */
const LOOK = 20

export interface HandlersOptions {
  readonly ledger: Ledger
  readonly counts: ServerCounts
  readonly seed: number
  /** Whether to have `prewrite` and `postwrite`. Without them, large output is written from where it lies. */
  readonly watched: boolean
  readonly fault: Fault | undefined
  readonly serving: (server: Server) => void
  readonly violated: (text: string) => void
}

/** The echo server's handlers. */
export function handlers(options: HandlersOptions): Events<Session> {
  const { ledger, counts, seed, watched, fault, violated } = options
  let server: Server
  let starved = false
  const throws = () => counts.throws++
  const events: Events<Session> = {
    serving(running) {
      server = running
      options.serving(running)
    },
    opened(id, info) {
      const door = DOORS[info.addressIndex] ?? 'tcp'
      const session = new Session({ id, door, seed, watched, violated })
      ledger.opened(session)
      if (door === 'shut' && id % 3 === 0) throws()
      return open(session, () => server.resume(id))
    },
    data(id, input, context): Reply | Promise<Reply> {
      const session = ledger.expect('data', id, context)
      if (session === undefined || session.door === 'shut') return
      if (session.peerEnded) session.violated('data came after ended')
      if (input === null) return woken(session)
      const named = session.header !== undefined
      const bytes = session.read(input)
      if (session.header === undefined || (bytes.length === 0 && named)) return
      const { mode } = session.header
      if (bytes.length === 0 && mode !== 'big') return
      if (fault !== undefined && mode === 'plain') {
        session.give(bytes)
        return [spoil(fault, session, bytes)]
      }
      return modes[mode](session, bytes, { server, throws })
    },
    ended(id, context): Reply | Promise<Reply> {
      const session = ledger.expect('ended', id, context)
      if (session === undefined) return
      if (session.peerEnded) session.violated('ended came twice')
      session.peerEnded = true
      return ended(session, { server, throws })
    },
    closed(id, error, context) {
      const session = ledger.closed(id, error, context)
      if (session !== undefined) explode(session, 'closed')
    },
    detached(id, socket, context) {
      const session = ledger.detached(id, context)
      if (session !== undefined) own(session, socket, ledger)
    },
    sent(id, token, error, context) {
      ledger.expect('sent', id, context)?.told(token as Token, error)
    },
    tick() {
      const left = hasDescriptor()
      if (!left && !starved) counts.pauses++
      starved = !left
      return [LOOK]
    },
  }
  return watched ? { ...events, ...watching(ledger) } : events
}

function watching(ledger: Ledger): Pick<Events<Session>, 'prewrite' | 'postwrite'> {
  return {
    prewrite(id, amount, context) {
      const session = ledger.expect('prewrite', id, context)
      if (session === undefined) return
      session.offered = amount
      explode(session, 'prewrite')
    },
    postwrite(id, amount, remaining, context) {
      const session = ledger.expect('postwrite', id, context)
      if (session === undefined) return
      if (amount + remaining !== session.offered)
        session.violated(`postwrite told of ${amount} and ${remaining} bytes, prewrite of ${session.offered}`)
      session.wrote += amount
      explode(session, 'postwrite')
    },
  }
}

function hasDescriptor(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return true
  } catch {
    return false
  }
}
